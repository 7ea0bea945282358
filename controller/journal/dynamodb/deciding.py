"""Deciding: read the ledger, then what it takes, decide, and write all of it if no other decision came in between.

All reads come after the ledger's and are strongly consistent: what they show is at least as new as it. If the ledger is
still the same when the transaction is made, or when nothing is written after all, then nothing was newer. That is as if
each decision were made alone.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeVar

from controller.clients.dynamodb import ConditionFailed
from controller.domain.errors import JournalUnavailable, RepaveError
from controller.domain.ports import EncodedSpan, Lease
from controller.journal.dynamodb import keys
from controller.journal.dynamodb.items import ABSENT, PART_BYTES, Check, Condition, Item, Operation, Put, Value
from controller.journal.dynamodb.ledger import LEDGER, Ledger, ledger_of
from controller.journal.dynamodb.table import ATTEMPTS, Table
from controller.journal.logic.documents import moment, squeezed

T = TypeVar("T")

KEYS_KEPT = timedelta(days=40)
"""How long it is known that a span was queued. Nobody looks at what is over for so long."""


class Torn(Exception):
    """What was read belongs to no one moment: read again."""


@dataclass
class Draft:
    """A decision in the making: what it read from, and what it will write. attempt: from 0."""

    table: Table
    read: Ledger
    attempt: int
    operations: list[Operation] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ledger = replace(self.read, version=self.read.version + 1)

    def count(self, name: str) -> int:
        """The next number of a kind (see Ledger)."""
        self.ledger = self.ledger.counted(name)
        return int(getattr(self.ledger, name))

    def write(self, *operations: Operation) -> None:
        """Part of what is written."""
        self.operations += operations

    def fence(self, lease: Lease, at: datetime) -> None:
        """Write only while this lease is the newest, and valid `at` that time."""
        self.write(fence(lease, at))

    async def queue(self, spans: Sequence[EncodedSpan], at: datetime) -> None:
        """Put spans into the outbox. One whose key was queued before is the same span, and stays as it is."""
        known = [False] * len(spans)
        if self.attempt:
            found = await asyncio.gather(*(self.table.get(keys.span(one.key)) for one in spans))
            known = [one is not None for one in found]
        for one in (span for span, there in zip(spans, known, strict=True) if not there):
            body = squeezed(one.body)
            outbox_id = keys.outbox_id(self.count("spans"), max(1, -(-len(body) // PART_BYTES)))
            self.write(
                Put(Item(keys.span(one.key), {"outbox": outbox_id}, expires_at=at + KEYS_KEPT), ABSENT),
                Put(Item(keys.waiting(outbox_id), {"span": one.key, "created_at": moment(at)}, body)),
            )


Work = Callable[[Draft], Awaitable[T]]
"""Reads through the draft's table, decides, and fills the draft. It may be called again, with a new one."""


def fence(lease: Lease, at: datetime) -> Check:
    """The condition on a lease that goes into whatever its owner writes."""
    held: dict[str, Value] = {"owner": lease.owner, "token": lease.token, "at": moment(at)}
    told = "#owner = :owner AND #token = :token AND #expires_at > :at"
    return Check(keys.lease(lease.fleet), Condition(told, held, ("owner", "token", "expires_at")))


class Decider:
    """Makes decisions on one table, one after another within this process."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._turn = asyncio.Lock()

    async def ledger(self) -> Ledger:
        """How it stands."""
        found = await self._table.get(LEDGER)
        with self._table.explained():
            return ledger_of(found)

    async def decide(self, work: Work[T]) -> T:
        """What `work` gives, once what it wrote is kept.

        Raises whatever it raises, and JournalUnavailable; then nothing was written, unless the answer got lost.
        """
        async with self._turn:
            for attempt in range(ATTEMPTS):
                draft = Draft(self._table, await self.ledger(), attempt)
                try:
                    result = await work(draft)
                    if await self._kept(draft):
                        return result
                except JournalUnavailable:
                    raise
                except (RepaveError, KeyError):
                    # A refusal counts only if nothing came in between either.
                    if await self._unchanged(draft):
                        raise
                except (Torn, ConditionFailed):
                    pass
                await self._table.wait(attempt)
        raise self._table.crowded()

    async def _kept(self, draft: Draft) -> bool:
        """Whether what was decided counts, written or not."""
        if not draft.operations:
            return await self._unchanged(draft)
        await self._table.transact([draft.ledger.put(), *draft.operations])
        return True

    async def _unchanged(self, draft: Draft) -> bool:
        return (await self.ledger()).version == draft.read.version
