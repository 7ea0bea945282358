"""Spans on their way out. They are queued in the decision about the events that they show (see `deciding.Draft`)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from controller.journal.dynamodb import keys
from controller.journal.dynamodb.items import Delete, Item, Put
from controller.journal.dynamodb.table import Table
from controller.journal.logic.documents import moment, unsqueezed

POISONED_KEPT = timedelta(days=90)


async def pending(table: Table, limit: int) -> tuple[tuple[int, bytes, datetime], ...]:
    """The oldest undelivered (id, OTLP bytes, created_at)."""
    found = await table.first_of(keys.OUTBOX, limit)
    return tuple((int(item.key.sk), unsqueezed(item.body), item.moment("created_at")) for item in found)


async def size(table: Table) -> int:
    """How many spans wait to be delivered."""
    return await table.count(keys.OUTBOX)


async def delivered(table: Table, ids: Sequence[int]) -> None:
    """Let go of spans that were delivered: their keys stay, as the proof of it."""
    await table.delete_all([Delete(keys.waiting(span_id), keys.parts_of(span_id)) for span_id in ids])


async def poisoned(table: Table, span_id: int, error: str, at: datetime) -> None:
    """Mark as refused for good. Its bytes stay for a time, for whoever looks into it."""
    found = await table.get(keys.waiting(span_id))
    if found is None:
        return
    values: dict[str, Any] = {**found.values, "error": error, "poisoned_at": moment(at)}
    values = {name: value for name, value in values.items() if name not in ("of", "generation")}
    apart = Item(keys.poisoned(span_id), values, found.body, at + POISONED_KEPT)
    await table.settle([Delete(found.key, keys.parts_of(span_id)), Put(apart)])
