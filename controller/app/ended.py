"""Which replacements ended since somebody last asked, read with as few questions as can be: metrics are scraped several
times a minute by every daemon, and in some journals each story that is read is paid for."""

from collections.abc import Iterable
from typing import Protocol

from controller.domain.replacement import Event, Replacement, fold

MOST_EVER = 100_000
FIRST_LOOK, MORE = 1, 8
"""How many of the newest are looked at, and how many times more where even the oldest of them is new."""


class Stories(Protocol):
    """The part of a journal that is asked."""

    async def open_replacements(self) -> tuple[Replacement, ...]:
        """All that are not closed."""

    async def replacements(self, limit: int) -> tuple[Replacement, ...]:
        """The newest, open or closed, newest first."""

    async def events(self, replacement_id: str) -> tuple[Event, ...]:
        """The whole story of one."""


class Ended:
    """Remembers what it has seen. The first answer has everything that ever ended, and later ones what is new."""

    def __init__(self, journal: Stories) -> None:
        self._journal = journal
        self._known: set[str] = set()
        self._open: set[str] = set()
        self._has_read = False

    async def read(self) -> tuple[Replacement, ...]:
        """What is open now, and what ended since the last time. Raises JournalUnavailable, and then nothing was
        missed: the next answer has it."""
        found = {item.id: item for item in await self._journal.open_replacements()}
        found |= {item.id: item for item in await self._newest()}
        for replacement_id in sorted(self._open - found.keys()):
            found[replacement_id] = fold(await self._journal.events(replacement_id))
        self._remember(found.values())
        return tuple(found.values())

    async def _newest(self) -> list[Replacement]:
        """Everything that was accepted since the last time. Acceptance has an order: what came before one that was
        known then was known too."""
        limit = FIRST_LOOK if self._has_read else MOST_EVER
        while True:
            newest = await self._journal.replacements(limit)
            fresh = [item for item in newest if item.id not in self._known]
            if len(newest) < limit or len(fresh) < len(newest) or limit >= MOST_EVER:
                return fresh
            limit *= MORE

    def _remember(self, found: Iterable[Replacement]) -> None:
        self._has_read = True
        self._open = {item.id for item in found if item.open}
        self._known |= {item.id for item in found}
