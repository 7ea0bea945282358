"""Who interferes, and when: a scaling policy, a person, the group itself and EC2, at every step of a replacement.

The story is always the same: one of five servers runs an aged image and is replaced. Right after a step's event is
journaled, and before anything else happens, somebody does something.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controller.domain.lifecycle import Kind, Step
from controller.domain.ports import TickRecord
from controller.domain.replacement import Event, Replacement
from tests.scenarios.harness.case import Story
from tests.scenarios.harness.worlds import StoryWorld

CONFIG = Path(__file__).parent / "interference.yaml"
SIZE = 5
AGED = "i-web-1"

MOMENTS: dict[str, tuple[Step, Kind]] = {
    "accepted": (Step.LAUNCH, Kind.STARTED),
    "launching": (Step.LAUNCH, Kind.RETURNED),
    "booting": (Step.AWAIT_READY, Kind.STARTED),
    "baking": (Step.VERIFY, Kind.STARTED),
    "proven": (Step.VERIFY, Kind.SUCCEEDED),
    "draining": (Step.DRAIN, Kind.RETURNED),
    "drained": (Step.DRAIN, Kind.SUCCEEDED),
    "terminating": (Step.TERMINATE, Kind.RETURNED),
}
"""The moments of a replacement, by the event after which somebody interferes."""


@dataclass(frozen=True, slots=True)
class Deed:
    """What somebody does. events: of the world's control pages, given the group as it is and the replacement. moves: by
    how much it moves the desired capacity. later: what takes it back, fifteen minutes on."""

    events: Callable[[dict[str, Any], Replacement], list[dict[str, Any]]]
    moves: int = 0
    later: tuple[dict[str, Any], ...] = ()


def _scale(by: int) -> Deed:
    return Deed(lambda group, _: [{"kind": "scale", "group": "web", "desired": group["desired"] + by}], moves=by)


def _of_successor(kind: str) -> Deed:
    return Deed(lambda _, item: [{"kind": kind, "instance": item.successor}] if item.successor else [])


DEEDS: dict[str, Deed] = {
    "a policy scales out": _scale(1),
    "a policy scales in": _scale(-1),
    "the predecessor dies": Deed(lambda _, item: [{"kind": "die", "instance": item.predecessor}]),
    "the newcomer dies": _of_successor("die"),
    "another member dies": Deed(lambda group, item: [{"kind": "die", "instance": _bystander(group, item)}]),
    "Spot takes the predecessor": Deed(
        lambda _, item: [{"kind": "interrupt", "instance": item.predecessor, "notice_seconds": 45}]
    ),
    "a person protects the predecessor": Deed(
        lambda _, item: [{"kind": "protect", "instance": item.predecessor, "protected": True}]
    ),
    "a person starts an instance refresh": Deed(
        lambda *_: [{"kind": "refresh", "group": "web", "status": "InProgress"}],
        later=({"kind": "refresh", "group": "web", "status": None},),
    ),
    "EC2 has no capacity for a while": Deed(
        lambda *_: [{"kind": "capacity", "group": "web", "available": False}],
        later=({"kind": "capacity", "group": "web", "available": True},),
    ),
}


def _bystander(group: dict[str, Any], item: Replacement) -> str:
    ours = {item.predecessor, item.successor}
    return str(min(instance_id for instance_id in group["serving"] if instance_id not in ours))


TAKES_THE_SURGE = ("launching", "a policy scales in")
"""Before the newcomer is there, a policy that wants as many as there are has taken our surge back: nothing is left for
us to give back, and the fleet keeps its size. Later the newcomer is protected, and the policy's wish comes on top."""


class Interferer:
    """An audience of the journal that does one deed at one moment, once."""

    def __init__(self, world: StoryWorld, moment: str, deed: Deed) -> None:
        self.done = False
        self._world = world
        self._moment = MOMENTS[moment]
        self._deed = deed

    def happened(self, state: Replacement, event: Event) -> None:
        if self.done or (event.step, event.kind) != self._moment:
            return
        group = self._world.state()["web"]
        gone = {item for item in (state.predecessor,) if item not in group["instances"]}
        for wanted in self._deed.events(group, state):
            if wanted.get("instance") not in gone:
                self._world.happen(wanted)
                self.done = True

    def looked(self, record: TickRecord, changed: Collection[str]) -> None:
        """Looks interest nobody here."""


def story(deed: Deed) -> Story:
    """The story, with whatever takes the deed back."""
    members = [{"zone": "eu-west-1a", "version": 1, "age_days": 50}] + [{"zone": "eu-west-1a", "version": 2}] * 4
    web = {
        "zones": ["eu-west-1a"],
        "images": [{"created_days_ago": 90}, {"created_days_ago": 2}],
        "default_version": 2,
        "minimum": 2,
        "maximum": 9,
        "members": members,
    }
    later = [{"at": "15m", "world": event} for event in deed.later]
    return Story.model_validate({"story": "somebody interferes", "groups": {"web": web}, "timeline": later})
