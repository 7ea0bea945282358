"""The time of the world: the wall clock's, until somebody freezes it and moves it on by hand."""

from datetime import UTC, datetime, timedelta

from controller.demo import wall


class WorldTime:
    """Used under the world's lock. It never goes back. starts_at: stands still there from the beginning."""

    def __init__(self, starts_at: datetime | None = None) -> None:
        self._ahead = timedelta(0)
        self._frozen_at = starts_at.astimezone(UTC) if starts_at else None

    def now(self) -> datetime:
        """The world's time, in UTC."""
        return self._frozen_at or wall.now() + self._ahead

    def freeze(self) -> None:
        """Let time stand still: nothing boots, drains or is noticed until somebody moves time on."""
        self._frozen_at = self.now()

    def advance(self, seconds: float) -> None:
        """Move time on, frozen or not."""
        step = timedelta(seconds=seconds)
        if self._frozen_at is None:
            self._ahead += step
        else:
            self._frozen_at += step

    def thaw(self) -> None:
        """Let time pass again, from where it stood."""
        if self._frozen_at is not None:
            self._ahead, self._frozen_at = self._frozen_at - wall.now(), None
