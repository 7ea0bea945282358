"""The world's wire log as typed records: who asked for what, what took effect, and what was really so."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DAEMON_KEY = "AKIADAEMON"
"""Every daemon's access key id begins so, and each has its own; whoever signs with another key is somebody else."""


@dataclass(frozen=True, slots=True)
class Request:
    """One call of an AWS API. effect: whether it took effect (a refused one did not). fault: it was struck. needs: the
    actions that IAM wants allowed for it. role: as whom, where its caller has taken one on."""

    seq: int
    at_ns: int
    service: str
    action: str
    parameters: Mapping[str, str]
    mutating: bool
    key: str
    effect: bool
    error: str | None = None
    fault: bool = False
    needs: tuple[str, ...] = ()
    role: str = ""

    @property
    def ours(self) -> bool:
        """Whether a daemon made it."""
        return self.key.startswith(DAEMON_KEY)

    @property
    def call(self) -> str:
        """Service and operation, such as `autoscaling:SetDesiredCapacity`."""
        service = {"elasticloadbalancing": "elbv2"}.get(self.service, self.service)
        return f"{service}:{self.action}"

    @property
    def instances(self) -> frozenset[str]:
        """The instances that it names."""
        return frozenset(value for value in self.parameters.values() if value.startswith("i-"))


@dataclass(frozen=True, slots=True)
class Truth:
    """One group as it really is: members by lifecycle state, and who of them serves."""

    seq: int
    at_ns: int
    group: str
    desired: int
    members: Mapping[str, frozenset[str]]
    serving: frozenset[str]

    @property
    def everybody(self) -> frozenset[str]:
        """Every member, in whatever state."""
        return frozenset().union(*self.members.values())


@dataclass(frozen=True, slots=True)
class Happening:
    """What the world did by itself: `launched`, `in_service`, `terminating`, `gone`."""

    seq: int
    at_ns: int
    event: str
    group: str
    instance: str = ""
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Control:
    """What the test let happen: `scale`, `die` and the like."""

    seq: int
    at_ns: int
    event: Mapping[str, Any] = field(default_factory=dict)


Record = Request | Truth | Happening | Control


def read_wire(path: Path) -> tuple[Record, ...]:
    """Everything so far, in order of effect. A line that is still being written is left for the next time."""
    if not path.exists():
        return ()
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    return tuple(parse(json.loads(line)) for line in lines if line.endswith("\n"))


def parse(line: Mapping[str, Any]) -> Record:
    """One line of the log. Raises KeyError when it is not of a known kind."""
    seq, at_ns = line["seq"], line["t"]
    match line["kind"]:
        case "request":
            return Request(
                *(seq, at_ns, line["service"], line["action"], line["parameters"]),
                *(line["mutating"], line["key"], line["effect"], line["error"], bool(line.get("fault"))),
                needs=tuple(line.get("needs", ())),
                role=line.get("role", ""),
            )
        case "truth":
            members = {state: frozenset(ids) for state, ids in line["members"].items()}
            return Truth(seq, at_ns, line["group"], line["desired"], members, frozenset(line["serving"]))
        case "event":
            about = (line.get("instance", ""), line.get("cause", ""))
            return Happening(seq, at_ns, line["event"], line["group"], *about)
        case "control":
            return Control(seq, at_ns, line["event"])
    raise KeyError(line["kind"])


def mutations(wire: Sequence[Record], key: str = DAEMON_KEY) -> list[Request]:
    """The mutating requests signed with this key (or any that begins so), refused ones included."""
    return [item for item in wire if isinstance(item, Request) and item.mutating and item.key.startswith(key)]


def members_of(wire: Sequence[Record], group: str) -> frozenset[str]:
    """Whoever was ever a member of a group."""
    return frozenset[str]().union(*(item.everybody for item in wire if isinstance(item, Truth) and item.group == group))


def happenings(wire: Sequence[Record], group: str, event: str) -> list[Happening]:
    """What the world did by itself to a group, of one kind."""
    return [item for item in wire if isinstance(item, Happening) and (item.group, item.event) == (group, event)]
