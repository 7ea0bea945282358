"""What carries out a replacement: platforms, balancers, and the gate that every mutation passes."""

from collections.abc import Awaitable, Callable, Collection, Hashable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeVar

from controller.domain.model import Inventory
from controller.domain.ports.system import Resources
from controller.domain.replacement import Replacement

T = TypeVar("T")


class Mutate(Protocol):
    """The one gate that every mutating call passes: it checks lease and holds, journals the intent, performs, and
    journals the outcome, in this order.

    Raises Held or LeaseLost before anything happened; PlatformError from the call itself, already journaled.
    """

    async def __call__(self, call: str, arguments: Mapping[str, Any], perform: Callable[[], Awaitable[T]]) -> T:
        """Perform one mutating call. `arguments` (JSON values): what recovery needs to find out whether it happened."""


@dataclass(frozen=True, slots=True)
class Work:
    """What a platform gets to realise one step of one replacement.

    replacement: where it stands, its own calls included. others: the other open replacements of the fleet, so that
    a newcomer is claimed once.
    """

    replacement: Replacement
    others: tuple[Replacement, ...]
    mutate: Mutate
    now: datetime

    @property
    def claimed(self) -> frozenset[str]:
        """Ids that belong to other open replacements: their predecessors and successors."""
        ids = {other.predecessor for other in self.others}
        return frozenset(ids | {other.successor for other in self.others if other.successor})


@dataclass(frozen=True, slots=True)
class Done:
    """The step is complete. `facts` go into its `succeeded` event (successor, successor_facts ...).

    outcome: of an undo that found nothing to give back, because the predecessor had ended and its successor serves:
    replaced. Else the replacement ends as its failure said.
    """

    facts: Mapping[str, Any] = field(default_factory=dict)
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """The step needs time. `reason` is shown to people; None leaves the pause to the policy's poll_seconds."""

    reason: str
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The step cannot be completed. It fails with this, and the way back begins.

    outcome: how the replacement shall end once it is undone (failed, superseded or aborted).
    """

    reason: str
    error_type: str
    outcome: str = "failed"


Progress = Done | Waiting | Refused


@dataclass(frozen=True, slots=True)
class Upkeep:
    """What a platform gets to keep a fleet in order between replacements.

    open: the open replacements of the fleet, read a moment ago: what they decide is left alone.
    mutate: checks lease and holds before each call; there is no replacement that could journal it.
    """

    open: tuple[Replacement, ...]
    mutate: Mutate
    now: datetime


class Platform(Protocol):
    """What runs fleets. Every method is one look or one small advance: it returns soon, never sleeps, and can be called
    again after a crash at any point, because what it did before is in `work.replacement.calls`.

    Vendor errors are raised as PlatformError. All mutations go through `work.mutate`.

    takes_turns: whether the steps of several replacements in one group must not run side by side, because what they
    launch is told apart, or what they count is written back, by what the group was like before.
    """

    takes_turns: bool

    async def inventory(self) -> Inventory:
        """The fleet as it is now, in few calls."""

    def on_change(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Call `wake` from now on whenever the platform tells by itself that something happened to a member which was
        not of our own doing; what it returns ends that. A hint only: looking at every tick stays the truth, and what
        tells nothing by itself never calls. Returns at once, and so must `wake`."""

    async def held(self, replacement: Replacement) -> str | None:
        """By what the platform's own means (a tag) stop this replacement now, in words; None when nothing does.

        Asked before every advance. Raises PlatformError when it cannot be told: then nothing may be done either.
        """

    async def launch(self, work: Work) -> Progress:
        """Bring up one more instance; Done names it: facts `successor`, `successor_facts` (zone, image_id ...)."""

    async def await_ready(self, work: Work) -> "Progress | Adopted":
        """Done when the successor is in service and healthy everywhere. Adopted when the platform replaced our
        newcomer by itself: its replacement is the successor from now on."""

    async def drain(self, work: Work) -> Progress:
        """Take the predecessor out of its balancers and wait for its connections; Done facts `drained_seconds`."""

    async def terminate(self, work: Work) -> Progress:
        """End the predecessor together with our surge of one."""

    async def undo(self, work: Work) -> Progress:
        """Give back what was done: a drained predecessor serves again, the surge of one goes, capacity stays."""

    async def upkeep(self, work: Upkeep) -> tuple[str, ...]:
        """What has to be put right at each tick, whether anything is replaced or not: a balancer that forgot its
        servers, what was kept for a time. Returns a sentence for each thing done or noticed."""


@dataclass(frozen=True, slots=True)
class Adopted:
    """In await_ready: the platform replaced our newcomer by itself, and this one is now the successor."""

    successor: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PlatformSpec:
    """What a file in `controller/platforms/` exports as PLATFORM. name: the key in a fleet's configuration.

    drift: the words that a fleet's `drift:` may list; each is the name of the probe that reads it, whose threshold says
    by itself what is drifted. Its inventories tell of every instance and every group what that probe compares.
    tampering: the same for `tampered_when:`, whose words may have options of their own.
    claims: what a fleet with these options declares to be its own; two fleets that share one of these declare the same
    instances, or what it says, where it is a text. Where nothing is told, equal options do.
    """

    name: str
    options: type[Any]
    build: Callable[[Any, Resources], Platform]
    summary: str
    drift: tuple[str, ...] = ()
    tampering: tuple[str, ...] = ()
    claims: Callable[[Any], Collection[Hashable]] | None = None
