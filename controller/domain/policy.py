"""What the operator declared, frozen. Made by settings; nothing in here can be wrong any more."""

from dataclasses import dataclass, field
from enum import StrEnum
from math import ceil, floor


class Mode(StrEnum):
    """How far Repave may go. Ordered: observe < ask < act."""

    OBSERVE = "observe"
    ASK = "ask"
    ACT = "act"


class Cause(StrEnum):
    """What a condition's breach says about an instance; also the verdict it leads to."""

    TAMPERED = "tampered"
    DEGRADED = "degraded"
    DRIFTED = "drifted"
    AGED = "aged"


class Missing(StrEnum):
    """What an absent reading means. `zero` needs proof of life from that instance in that source."""

    UNKNOWN = "unknown"
    ZERO = "zero"


@dataclass(frozen=True, slots=True)
class Above:
    """Breached by a number greater than the limit."""

    limit: float

    def breached(self, value: float | str) -> bool:
        """Whether the value is on the bad side. A text never is."""
        return not isinstance(value, str) and value > self.limit

    def __str__(self) -> str:
        return f"above {self.limit:.12g}"


@dataclass(frozen=True, slots=True)
class Below:
    """Breached by a number smaller than the limit."""

    limit: float

    def breached(self, value: float | str) -> bool:
        """Whether the value is on the bad side. A text never is."""
        return not isinstance(value, str) and value < self.limit

    def __str__(self) -> str:
        return f"below {self.limit:.12g}"


@dataclass(frozen=True, slots=True)
class AtLeast:
    """Breached by a count that reaches the limit."""

    limit: float

    def breached(self, value: float | str) -> bool:
        """Whether the value is on the bad side. A text never is."""
        return not isinstance(value, str) and value >= self.limit

    def __str__(self) -> str:
        return f"{self.limit:.12g} or more"


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Breached by one of these words (a state such as `impaired`)."""

    words: tuple[str, ...]

    def breached(self, value: float | str) -> bool:
        """Whether the value is one of the bad words."""
        return value in self.words

    def __str__(self) -> str:
        return " or ".join(self.words)


@dataclass(frozen=True, slots=True)
class Begins:
    """Breached by a text that begins with this word: the rest of it says how far off the instance is."""

    word: str

    def breached(self, value: float | str) -> bool:
        """Whether the text begins with the bad word. A number never does."""
        return isinstance(value, str) and value.startswith(self.word)

    def __str__(self) -> str:
        return self.word


Threshold = Above | Below | AtLeast | AnyOf | Begins


@dataclass(frozen=True, slots=True)
class Condition:
    """One way in which an instance can be found wanting (a line of `degraded_when`, or `max_image_age`).

    name: unique in its fleet. probe: the id of the ProbeSpec that reads it. options: that probe's own frozen options.
    for_seconds: how long every reading must have breached; 0 means that the latest alone counts.
    within_seconds: the span that one reading counts over (a count of log lines); 0 where a reading is of one moment.
    identity: the label or facet by which the source's rows name instances; None tries the usual ones.
    history: whether the probe returns all readings of the span, so that `for` is read from them and not remembered.
    urgent: goes before others and may ignore windows, never limits.
    lasting: what breached it once stays in breach for as long as it is a member, whatever is read later.
    """

    name: str
    cause: Cause
    probe: str
    threshold: Threshold
    options: object = None
    source: str | None = None
    unit: str = ""
    for_seconds: float = 0.0
    within_seconds: float = 0.0
    identity: str | None = None
    missing: Missing = Missing.UNKNOWN
    history: bool = False
    urgent: bool = False
    lasting: bool = False


@dataclass(frozen=True, slots=True)
class Amount:
    """A number of instances, or a share of them."""

    count: int | None = None
    share: float | None = None

    def at_most(self, total: int) -> int:
        """As a limit: shares round down, but to at least 1."""
        return self.count if self.count is not None else max(1, floor((self.share or 0.0) * total + 1e-9))

    def at_least(self, total: int) -> int:
        """As a floor: shares round up."""
        return self.count if self.count is not None else ceil((self.share or 0.0) * total - 1e-9)

    def __str__(self) -> str:
        return str(self.count) if self.count is not None else f"{(self.share or 0.0) * 100:g}%"


@dataclass(frozen=True, slots=True)
class Limits:
    """The budgets of one fleet. capacity_floor: how many must serve when a predecessor is drained, if declared."""

    max_in_flight: Amount = Amount(count=1)
    replacements_per_hour: int = 4
    capacity_floor: Amount | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """A time in which the aged and the drifted may be replaced. It opens when `cron` (five fields) fires in `timezone`
    and stays open for so many seconds of real time."""

    cron: str
    for_seconds: float
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Cooldown:
    """How long a lineage waits after an attempt that came to nothing: base, doubled with each in a row, at most cap."""

    base_seconds: float = 600.0
    cap_seconds: float = 21_600.0


@dataclass(frozen=True, slots=True)
class GlobalLimits:
    """The budgets over all fleets. stop_after_failures: in a row, per fleet and over all."""

    replacements_per_hour: int = 12
    stop_after_failures: int = 3


@dataclass(frozen=True, slots=True)
class StopWhen:
    """Shares beyond which trouble is the fleet's, not an instance's."""

    degraded_over: float = 0.30
    tampered_over: float = 0.30
    blind_over: float = 0.20


@dataclass(frozen=True, slots=True)
class Verify:
    """How a successor has to prove itself. warm_up: seconds after it is ready in which readings do not count."""

    ready_within_seconds: float = 600.0
    warm_up_seconds: float = 0.0
    bake_seconds: float = 300.0
    deadline_seconds: float = 900.0


@dataclass(frozen=True, slots=True)
class Deadlines:
    """After how long each other wait ends, in seconds. All deadlines together stay below 50 minutes: backends drop
    spans that are older than an hour."""

    launch_seconds: float = 300.0
    drain_seconds: float = 300.0
    terminate_seconds: float = 300.0
    undo_seconds: float = 900.0


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything that was declared for one fleet, defaults filled in.

    guards: read for the fleet as a whole; while one of them breaches or cannot be read, nothing is started.

    hash: sha256 (hex, 12 digits) of `document`. document: the canonical JSON it can be rebuilt from; secrets stay
    references in it. windows: none means any time.
    """

    fleet: str
    platform: str
    mode: Mode
    platform_options: object = None
    conditions: tuple[Condition, ...] = ()
    guards: tuple[Condition, ...] = ()
    limits: Limits = Limits()
    windows: tuple[Window, ...] = ()
    cooldown: Cooldown = Cooldown()
    global_limits: GlobalLimits = GlobalLimits()
    stop_when: StopWhen = StopWhen()
    verify: Verify = Verify()
    deadlines: Deadlines = Deadlines()
    blind_after_seconds: float = 600.0
    warm_up_seconds: float = 300.0
    tick_seconds: float = 30.0
    poll_seconds: float = 5.0
    hash: str = ""
    document: str = field(default="", repr=False)

    def condition(self, name: str) -> Condition | None:
        """The condition of that name, or None."""
        return next((condition for condition in self.conditions if condition.name == name), None)
