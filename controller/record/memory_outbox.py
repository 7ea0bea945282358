"""An outbox that lives in memory: for spans that are worth sending and not worth keeping."""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from datetime import datetime

MOST_SPANS = 4096
"""Some minutes of looks. Beyond it the oldest give way, and are counted."""


class MemoryOutbox:
    """Implements the Outbox port. dropped: spans that gave way to newer ones before they could be sent."""

    def __init__(self, most: int = MOST_SPANS) -> None:
        self.dropped = 0
        self._most = most
        self._rows: OrderedDict[int, tuple[bytes, datetime]] = OrderedDict()
        self._newest = 0

    def add(self, bodies: Iterable[bytes], at: datetime) -> None:
        """Queue encoded spans."""
        for body in bodies:
            self._newest += 1
            self._rows[self._newest] = (body, at)
        while len(self._rows) > self._most:
            self._rows.popitem(last=False)
            self.dropped += 1

    async def pending(self, limit: int) -> Sequence[tuple[int, bytes, datetime]]:
        """The oldest that wait."""
        return [(number, body, at) for number, (body, at) in list(self._rows.items())[:limit]]

    async def delivered(self, ids: Sequence[int], at: datetime) -> None:  # noqa: ARG002 - the port's
        """They are gone; so are those that gave way meanwhile."""
        for number in ids:
            self._rows.pop(number, None)

    async def poisoned(self, outbox_id: int, error: str, at: datetime) -> None:  # noqa: ARG002 - the port's
        """Refused for good: nobody will miss it."""
        self._rows.pop(outbox_id, None)
