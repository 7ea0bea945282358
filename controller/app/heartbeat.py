"""Whether the loop is alive, known from memory alone."""

from datetime import datetime, timedelta

from controller.domain.ports import Clock
from controller.web.server import Answer

GRACE = timedelta(seconds=60)
"""How late a fleet's tick may be before the process counts as stuck: restarting it costs more than waiting a little."""


class Heartbeat:
    """Each fleet's last sign of life, and by when its next is due."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._beat_at = clock.now()
        self._due_at: dict[str, datetime] = {}

    def began(self, fleet: str, longest_seconds: float) -> None:
        """A tick began, and ends after `longest_seconds` at the latest."""
        self._beat_at = self._clock.now()
        self._due_at[fleet] = self._beat_at + timedelta(seconds=longest_seconds)

    def ended(self, fleet: str, next_look_at: datetime) -> None:
        """A tick ended, and the next one is set."""
        self._beat_at = self._clock.now()
        self._due_at[fleet] = max(next_look_at, self._beat_at)

    def forget(self, fleet: str) -> None:
        """Nobody looks at this fleet any more."""
        self._due_at.pop(fleet, None)

    def answer(self) -> Answer:
        """Alive unless a fleet's sign of life is overdue."""
        now = self._clock.now()
        late = sorted(fleet for fleet, due_at in self._due_at.items() if now > due_at + GRACE)
        age = f"the last heartbeat was {(now - self._beat_at).total_seconds():.0f} s ago"
        if late:
            return Answer(False, f"stuck: {', '.join(late)} should have been looked at by now; {age}")
        return Answer(True, f"alive: {age}")
