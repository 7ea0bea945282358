"""How long the parts of a look took: noted where they happen, kept by whoever asked for it further out.

Outside `collecting` a lap costs nothing and goes nowhere, so that code is timed without being told by whom.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

MOST_LAPS = 400
"""Of one look. What comes later is still told to `on_lap`, and counted in `dropped`."""


class Now(Protocol):
    """Whatever knows the time."""

    def now(self) -> datetime:
        """The present, in UTC."""


@dataclass(frozen=True, slots=True)
class Lap:
    """One part of a look that has ended.

    number: 1, 2 ... in the order of beginnings. within: the number of the lap around it; 0 where there is none.
    is_call: a call to somebody else's API, named `service.Operation`. error: the code or kind of what ended it, or "".
    """

    number: int
    within: int
    name: str
    started_at: datetime
    ended_at: datetime
    is_call: bool = False
    facts: Mapping[str, str] = field(default_factory=dict)
    error: str = ""

    @property
    def seconds(self) -> float:
        """How long it took."""
        return (self.ended_at - self.started_at).total_seconds()


class Laps:
    """The laps of one look. on_lap: is told of every lap as it ends, also of those that tasks begun within the look run
    after it has ended; those are no part of it any more."""

    def __init__(self, on_lap: Callable[[Lap], None] = lambda _: None) -> None:
        self.dropped = 0
        self._on_lap = on_lap
        self._kept: list[Lap] = []
        self._begun = 0
        self._ended = False

    def begin(self) -> int:
        """The number of a lap that begins."""
        self._begun += 1
        return self._begun

    def note(self, lap: Lap) -> None:
        """Keep a lap that has ended."""
        self._on_lap(lap)
        if self._ended:
            return
        if len(self._kept) < MOST_LAPS:
            self._kept.append(lap)
        else:
            self.dropped += 1

    def finish(self) -> tuple[Lap, ...]:
        """The laps of the look, in the order of their beginnings; later ones are not kept."""
        self._ended = True
        return tuple(sorted(self._kept, key=lambda lap: lap.number))


_laps: ContextVar[Laps | None] = ContextVar("laps", default=None)
_within: ContextVar[int] = ContextVar("within", default=0)


@contextmanager
def collecting(laps: Laps) -> Iterator[Laps]:
    """Laps noted within, by any task that was begun within, go to `laps`."""
    before, around = _laps.set(laps), _within.set(0)
    try:
        yield laps
    finally:
        _within.reset(around)
        _laps.reset(before)


@contextmanager
def lap(clock: Now, name: str, *, is_call: bool = False, **facts: str) -> Iterator[None]:
    """Time what happens within."""
    laps = _laps.get()
    if laps is None:
        yield
        return
    number, within, started_at, error = laps.begin(), _within.get(), clock.now(), ""
    token = _within.set(number)
    try:
        yield
    except BaseException as raised:
        error = str(getattr(raised, "code", None) or type(raised).__name__)
        raise
    finally:
        _within.reset(token)
        laps.note(Lap(number, within, name, started_at, clock.now(), is_call, facts, error))
