"""What one process remembers between calls: who is on the way out by our own hand. The journal stays the truth; this
bridges the moments until it says the same to everybody who asks."""

import asyncio
from collections import defaultdict

from controller.domain.ports import Clock


class Ledger:
    """One per process, shared by every fleet and every policy of it.

    `turn`: hold it around putting a balancer right, and around marking somebody as leaving: who is being taken out must
    not be put back by a look that is a moment older.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.turn = asyncio.Lock()
        self._leaving: defaultdict[str, set[str]] = defaultdict(set)

    def leaving(self, group: str) -> frozenset[str]:
        """The instances of a group that were marked."""
        return frozenset(self._leaving[group])

    def mark(self, group: str, instance_id: str) -> None:
        """It is taken out of service from now on."""
        self._leaving[group].add(instance_id)

    def unmark(self, group: str, instance_id: str) -> None:
        """It is gone, or serves again."""
        self._leaving[group].discard(instance_id)

    async def aclose(self) -> None:
        """There is nothing to close."""
