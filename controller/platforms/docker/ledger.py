"""What one process remembers between calls: who is on the way out by our own hand. The journal stays the truth; this
bridges the moments until it says the same to everybody who asks."""

import asyncio
from collections import defaultdict

from controller.domain.ports import Clock

MOST_MARKS = 1000
"""Of one group; the oldest are forgotten first."""


class Ledger:
    """One per process, shared by every fleet and every policy of it."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._leaving: defaultdict[str, dict[str, None]] = defaultdict(dict)

    def turn(self, balancer: str) -> asyncio.Lock:
        """Hold it around putting a balancer right, and around marking somebody behind it as leaving: who is being taken
        out must not be put back by a look that is a moment older."""
        return self._turns[balancer]

    def leaving(self, group: str) -> frozenset[str]:
        """The instances of a group that were marked."""
        return frozenset(self._leaving[group])

    def mark(self, group: str, instance_id: str) -> None:
        """It is taken out of service from now on. It stays marked when it is gone: a look that is a moment old may
        still show it, and ids are not given again."""
        marked = self._leaving[group]
        marked[instance_id] = None
        if len(marked) > MOST_MARKS:
            del marked[next(iter(marked))]

    def unmark(self, group: str, instance_id: str) -> None:
        """It serves again."""
        self._leaving[group].pop(instance_id, None)

    async def aclose(self) -> None:
        """There is nothing to close."""
