"""Writes down what changes as a story goes: one line per change, with its time, in order."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from controller.app.narrate import NarratedJournal
from controller.domain.errors import JournalUnavailable
from controller.domain.lifecycle import Kind
from controller.domain.ports import Budget, Lease, TickRecord
from controller.domain.replacement import Event, Replacement
from controller.domain.veto import Veto
from controller.journal.adapter import JournalAdapter
from controller.journal.worker import direct
from controller.record.words import evidence_text
from tests.scenarios.harness.names import Names
from tests.scenarios.harness.worlds import StoryWorld

T = TypeVar("T")

WORLD_TELLS = ("launched", "launch_failed", "in_service", "terminating", "gone")
UNTOLD = {"HonorCooldown", "AutoScalingGroupName", "Port"}
LEAVING = ("terminating", "detached")


@dataclass(frozen=True, slots=True)
class Line:
    """who: an instance, a fleet, a replacement, `aws`, `world` or a person."""

    seconds: float
    who: str
    text: str


class Ledger:
    """The lines so far. begins_at: the moment that counts as zero. key: the daemon's access key."""

    def __init__(self, world: StoryWorld, names: Names, begins_at: datetime, key: str) -> None:
        self.lines: list[Line] = []
        self._world = world
        self._names = names
        self._begins_at = begins_at
        self._key = key
        self._last: dict[str, str] = {}

    def say(self, at: datetime, who: str, text: str) -> None:
        """Write a line, after whatever happened on the wire before it."""
        self.read_wire(at)
        self._add(at, who, text)

    def say_if_new(self, at: datetime, who: str, text: str) -> None:
        """Write a line unless it is the last one about the same."""
        self.read_wire(at)
        if self._last.get(who) != self._names.told(text):
            self._last[who] = self._names.told(text)
            self._add(at, who, text)

    def read_wire(self, now: datetime) -> None:
        """Write down the daemon's mutations, and what the world did by itself."""
        for line in self._world.new_lines():
            if line["kind"] == "request" and line["mutating"] and line["key"] == self._key:
                self._add(now, "aws", _call(line))
            elif line["kind"] == "event" and line["event"] in WORLD_TELLS:
                if line["event"] == "launched":
                    self._names.newcomer(line["group"], line["instance"])
                self._add(datetime.fromisoformat(line["at"]), "world", _event(line))

    def look(self, record: TickRecord) -> None:
        """Write down what a tick found new: verdicts, decisions, vetoes; then its sentence."""
        self.read_wire(record.at)
        members = record.report["instances"]
        for member in sorted(members, key=lambda item: self._names.in_order(item["id"])):
            if member["state"] not in LEAVING:
                self._look_at(record.at, member)
        self.say_if_new(record.at, record.fleet, record.sentence)

    def say_breakers(self, record: TickRecord, causes: str) -> None:
        """Write down which breakers of a fleet are open, when that has changed."""
        if self._last.get(f"breakers of {record.fleet}", "none") != causes:
            self._last[f"breakers of {record.fleet}"] = causes
            self.say(record.at, record.fleet, f"open breakers: {causes}")

    def _look_at(self, at: datetime, member: Mapping[str, Any]) -> None:
        who = self._names.told(member["id"])
        rules = sorted({veto["rule"] for veto in member["vetoes"]})
        found = sorted(item["rule"] for item in member["evidence"] if item["found"])
        state = f"{member['verdict']} {found} {member['decision']} {rules}"
        known = self._last.get(f"state of {who}")
        if known == state or (known is None and member["verdict"] == "healthy" and not rules):
            return
        self._last[f"state of {who}"] = state
        self.say(at, who, f"{member['verdict']}{_why(member)} -> {_decision(member)}")

    def _add(self, at: datetime, who: str, text: str) -> None:
        self.lines.append(Line((at - self._begins_at).total_seconds(), who, self._names.told(text)))


class ToldJournal(NarratedJournal):
    """The daemon's own journal; whatever is written into it is also told to the ledger."""

    ledger: Ledger

    def __init__(self, journal: JournalAdapter) -> None:
        super().__init__(journal)
        self._sql = journal

    def lose(self, why: str) -> None:
        """From now on it cannot be reached."""

        async def gone(work: Callable[[], T]) -> T:
            raise JournalUnavailable(why)

        self._sql._run = gone

    def find(self) -> None:
        """It is back, as it was."""
        self._sql._run = direct

    async def accept(self, event: Event, lease: Lease, budget: Budget) -> Replacement | tuple[Veto, ...]:
        answer = await super().accept(event, lease, budget)
        facts = event.facts
        if isinstance(answer, Replacement):
            self.ledger.say(event.at, answer.id, f"replace {facts['predecessor']} for {', '.join(facts['causes'])}")
        else:
            no = "; ".join(f"{veto.rule}: {veto.reason}" for veto in answer)
            self.ledger.say(event.at, facts["fleet"], f"{facts['predecessor']} was not accepted: {no}")
        return answer

    async def append(self, events: Sequence[Event], lease: Lease) -> None:
        await super().append(events, lease)
        for event in events:
            self.ledger.read_wire(event.at)
            if text := _saga(event):
                self.ledger.say(event.at, event.replacement_id, text)

    async def record_tick(self, record: TickRecord, lease: Lease) -> tuple[str, ...]:
        changed = await super().record_tick(record, lease)
        self.ledger.look(record)
        causes = ", ".join(sorted(item.cause for item in await self.breakers(record.fleet)))
        self.ledger.say_breakers(record, causes or "none")
        return changed


def _why(member: Mapping[str, Any]) -> str:
    """The evidence that led to the verdict."""
    told = [item for item in member["evidence"] if item["found"]]
    if not told:
        told = [item for item in member["evidence"] if item["outcome"] != "ok"]
    return f" ({'; '.join(evidence_text(item) for item in told)})" if told else ""


def _decision(member: Mapping[str, Any]) -> str:
    decision = str(member["decision"])
    if not member["vetoes"]:
        return decision
    return decision + "".join(f"\n{veto_text(veto)}" for veto in member["vetoes"])


def veto_text(veto: Mapping[str, Any]) -> str:
    """One veto with what would clear it."""
    clears = f"clears at {veto['clears_at']}" if veto["clears_at"] else f"needs {veto['needs']}"
    return f"[{veto['rule']}] {veto['reason']} ({clears})"


def _saga(event: Event) -> str:
    """What an event says of its replacement; calls stand in the wire's own words."""
    facts, step = event.facts, event.step
    reason = f": {facts['reason']}" if facts.get("reason") else ""
    match event.kind:
        case Kind.SUCCEEDED | Kind.FAILED | Kind.UNDONE:
            verification = f" ({facts['verification']})" if facts.get("verification") else ""
            newcomer = f": {facts['successor']}" if facts.get("successor") else ""
            adopted = ", adopted in place of the one before" if facts.get("adopted") else ""
            return f"{step} {event.kind}{verification}{newcomer}{adopted}{reason}"
        case Kind.PAUSED | Kind.RESUMED:
            return f"{event.kind}{reason}"
        case Kind.CLOSED:
            left = f", left behind: {facts['left_behind']}" if facts.get("left_behind") else ""
            return f"closed: {facts['outcome']}{left}"
        case Kind.RETURNED if facts["outcome"] != "ok":
            return f"{facts['call']} {facts['outcome']}: {facts.get('error', '')}"
        case _:
            return ""


def _call(line: Mapping[str, Any]) -> str:
    service = {"elasticloadbalancing": "elbv2"}.get(line["service"], line["service"])
    parameters = [(key.split(".")[0], key.split(".")[-1], value) for key, value in line["parameters"].items()]
    words = " ".join(f"{name}={value}" for name, last, value in parameters if not {name, last} & UNTOLD)
    refused = f" -> {line['error']}" if line["error"] else ""
    return f"{service}:{line['action']} {words}{refused}"


def _event(line: Mapping[str, Any]) -> str:
    who = line.get("instance", line["group"])
    match line["event"]:
        case "launched":
            return f"{who} is launched in {line['zone']}, version {line['version']}"
        case "launch_failed":
            return f"a launch fails in {line['group']}: no capacity"
        case "in_service":
            return f"{who} is in service"
        case "terminating":
            return f"{who} is taken out of service"
        case _:
            return f"{who} is {line['event']}"
