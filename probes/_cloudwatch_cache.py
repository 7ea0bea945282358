"""The points that were read already, so that a tick fetches only what may have changed since the last one."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from probes._cloudwatch_answer import Points

OVERLAP_PERIODS = 2
MOST_POINTS = 2_000_000
"""Over all series; beyond it nothing is kept, and everything is read anew each time."""


@dataclass(frozen=True, slots=True)
class Window:
    """From `start` (inclusive) to `end` (exclusive), both on the period's grid.

    An incomplete period is left out: a sum of half a period is no small sum.
    """

    start: datetime
    end: datetime
    period_seconds: int

    @classmethod
    def until(cls, at: datetime, span_seconds: float, period_seconds: int) -> "Window":
        """The complete periods of at least `span_seconds` before an instant."""
        end = floored(at, period_seconds)
        return cls(floored(at - timedelta(seconds=span_seconds), period_seconds), end, period_seconds)

    @property
    def points(self) -> int:
        """How many points a series can have in it; one more, for a grid that is not ours."""
        return int((self.end - self.start).total_seconds()) // self.period_seconds + 1

    def of(self, points: Points) -> Points:
        """The points that lie in it, oldest first."""
        return {time: points[time] for time in sorted(points) if self.start <= time < self.end}


@dataclass(frozen=True, slots=True)
class Kept:
    """One series as it was read last: whole from `start` to `end`, as far as it was known then."""

    start: datetime
    end: datetime
    points: Points


class Cache:
    """What one probe read last. Restarted, it is empty, and the whole span is read again."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, Kept] = {}

    def since(self, key: Hashable, window: Window, lag_seconds: float) -> datetime:
        """From when on a series has to be read: from the window's start, unless it is known without a hole; else from
        so far back that late points are seen."""
        kept = self._kept.get(key)
        if kept is None or kept.end > window.end or kept.start > window.start or not _whole(kept, window):
            return window.start
        back = timedelta(seconds=lag_seconds + OVERLAP_PERIODS * window.period_seconds)
        return max(window.start, floored(kept.end - back, window.period_seconds))

    def put(self, key: Hashable, window: Window, since: datetime, read: Points) -> Points:
        """Put what was read after what was known, keep it unless something newer is kept, and return it."""
        kept = self._kept.get(key)
        known = kept.points if kept and since > window.start else {}
        points = window.of({**{time: value for time, value in known.items() if time < since}, **read})
        if kept is None or kept.end <= window.end:
            self._kept[key] = Kept(window.start, window.end, points)
        return points

    def forget(self, key: Hashable) -> None:
        """What could not be read whole is read whole the next time."""
        self._kept.pop(key, None)

    def keep_only(self, keys: Iterable[Hashable]) -> None:
        """Drop the series of instances that nobody asks about any more."""
        wanted = set(keys)
        self._kept = {key: kept for key, kept in self._kept.items() if key in wanted}
        if sum(len(kept.points) for kept in self._kept.values()) > MOST_POINTS:
            self._kept = {}


def _whole(kept: Kept, window: Window) -> bool:
    """Whether no point is missing between its first and its last: a hole may have been filled since."""
    times = [time for time in kept.points if time >= window.start]
    if not times:
        return False
    return len(times) - 1 == round((times[-1] - times[0]).total_seconds() / window.period_seconds)


def floored(at: datetime, period_seconds: int) -> datetime:
    """The last moment of the period's grid that is not after `at`. The grid counts from 1970, as CloudWatch's does."""
    return datetime.fromtimestamp(at.timestamp() // period_seconds * period_seconds, at.tzinfo)
