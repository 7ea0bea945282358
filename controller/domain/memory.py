"""What one tick leaves for the next: how long it has been so, and what was seen once and does not pass."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class StreakKind(StrEnum):
    """What an unbroken run of ticks had in common."""

    BREACHED = "breached"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Streak:
    """An unbroken run of breached or unknown readings of one instance under one condition.

    since, last_at: time of the run's first and newest reading. points: how many distinct readings it has.
    """

    kind: StreakKind
    since: datetime
    last_at: datetime
    points: int = 1


@dataclass(frozen=True, slots=True)
class Seen:
    """A breach of a lasting condition, as it was last read: that nothing shows of it any more does not undo it.

    asked: what the condition asked for then; one that asks for something else remembers nothing.
    """

    value: float | str
    measured_at: datetime
    query: str
    samples: tuple[str, ...] = ()
    asked: str = ""


@dataclass(frozen=True, slots=True)
class Memory:
    """What one tick leaves for the next, for sources that keep no history themselves.

    streaks: keyed by (instance id, condition name); an absent key was fine.
    written_at: when the last tick ended; a longer silence than two ticks breaks every streak.
    desired_before_trouble: the fleet's desired count when its first instance became degraded; None without trouble.
    fine_since: since when each cause with an open breaker has been fine on every member, with complete data.
    seen: breaches of lasting conditions, keyed like the streaks; they stay for as long as the instance is a member.
    """

    streaks: Mapping[tuple[str, str], Streak] = field(default_factory=dict)
    written_at: datetime | None = None
    desired_before_trouble: int | None = None
    fine_since: Mapping[str, datetime] = field(default_factory=dict)
    seen: Mapping[tuple[str, str], Seen] = field(default_factory=dict)
