"""Time, waiting, ids, and what is shared by everything that is built."""

from contextvars import ContextVar
from datetime import datetime
from typing import Protocol, TypeVar

T = TypeVar("T")

PRESSING: ContextVar[bool] = ContextVar("pressing", default=False)
"""Whether what is done here is done for an open replacement. Clients let it go before what only looks at fleets."""


class Clock(Protocol):
    """The only source of time, waiting and ids."""

    def now(self) -> datetime:
        """The present, in UTC."""

    async def sleep(self, seconds: float) -> None:
        """Wait. Cancellable."""

    def new_id(self, prefix: str) -> str:
        """A fresh unique id such as `r-7f3a9c21d0`."""


class Resources(Protocol):
    """Shared clients (AWS, HTTP, an engine): made at first use, one of each kind, closed with the application."""

    def get(self, kind: type[T]) -> T:
        """The one client of this kind."""


class Schedule(Protocol):
    """Fires a fleet's next tick once, at a time; setting it again replaces what was set."""

    def at(self, fleet: str, when: datetime) -> None:
        """Tick this fleet at that time (or at once, if it is past)."""
