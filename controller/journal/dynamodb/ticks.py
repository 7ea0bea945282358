"""What each tick leaves: memory for the next, a report for people, and a trace for each refusal that changed.

Most ticks change no reason and no request: then it is one transaction, on the condition of the lease alone. What did
change is decided before, a number of refusals at a time, each together with its trace: after a crash in between, the
next tick goes on with those that are left.
"""

import asyncio
import json
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TypeVar

from controller.clients.dynamodb import ConditionFailed
from controller.domain.memory import Memory
from controller.domain.ports import EncodedSpan, Lease, Projector, RefusalRecord, TickRecord
from controller.journal.dynamodb import keys, requests
from controller.journal.dynamodb.deciding import Decider, Draft, fence
from controller.journal.dynamodb.items import Delete, Item, Put
from controller.journal.dynamodb.leases import holder
from controller.journal.dynamodb.records import kept_document
from controller.journal.dynamodb.table import ATTEMPTS, Table
from controller.journal.logic.documents import encode, memory_document, memory_of, moment, packed, unpacked
from controller.journal.logic.fencing import refuse_outsiders

T = TypeVar("T")
Traced = tuple[RefusalRecord, tuple[EncodedSpan, ...]]

ITEMS_AT_ONCE, BYTES_AT_ONCE = 96, 3 * 1024 * 1024
"""Of refusals and their spans, in a transaction of a hundred items and 4 MB."""

FORGOTTEN_AT_ONCE = 90
REQUESTS_AT_ONCE = 24


async def record_tick(
    table: Table, decider: Decider, projector: Projector | None, record: TickRecord, lease: Lease
) -> tuple[str, ...]:
    """Store one tick; returns the ids of the instances whose set of vetoes changed."""
    found, known = await asyncio.gather(holder(table, lease.fleet), table.all_of(keys.refusals(record.fleet)))
    refuse_outsiders(lease, found, record.fleet, record.at)
    rules = {item.key.sk: set(json.loads(item.text("rules") or "[]")) for item in known}
    gone = [item for item in known if item.key.sk not in record.refusals]
    changed = [now for now in record.refusals.values() if rules.get(now.instance_id) != set(now.rules)]
    # Every span is made before anything is written: a fault of the projector's leaves the journal as it was.
    traced = [(one, projector.refusal(record.fleet, one, record.at) if projector else ()) for one in changed]
    for some in _by_weight(traced):
        await decider.decide(partial(_refuse, record, lease, some))
    for items in _portions(gone, FORGOTTEN_AT_ONCE):
        await _fenced(table, record, lease, [Delete(item.key, item.number("of") or 1) for item in items])
    while await requests.settled(table, record.fleet, record.proposed, record.withdrawn, record.at):
        await decider.decide(partial(_settle, record, lease))
    memory = kept_document(keys.memory(record.fleet), memory_document(record.memory))
    told = {"at": moment(record.at), "sentence": record.sentence}
    report = kept_document(keys.report(record.fleet), record.report, **told)
    await _fenced(table, record, lease, [memory, report])
    return tuple(one.instance_id for one in changed)


async def memory(table: Table, fleet: str) -> Memory:
    """What the last tick left; empty at first."""
    found = await table.get(keys.memory(fleet))
    return memory_of(unpacked(found.body)) if found else Memory()


async def reports(table: Table) -> tuple[TickRecord, ...]:
    """The newest record of every fleet, by fleet name. Memory is left empty; the facts of a refusal are of the tick at
    which its vetoes last changed."""
    return tuple(await asyncio.gather(*(_report(table, item) for item in await table.all_of(keys.REPORTS))))


async def _report(table: Table, item: Item) -> TickRecord:
    fleet = item.key.sk
    refused = {}
    for one in await table.all_of(keys.refusals(fleet)):
        rules = tuple(json.loads(one.text("rules") or "[]"))
        refused[one.key.sk] = RefusalRecord(one.key.sk, rules, unpacked(one.body))
    return TickRecord(fleet, item.moment("at"), item.text("sentence") or "", Memory(), unpacked(item.body), refused)


async def _refuse(record: TickRecord, lease: Lease, traced: Sequence[Traced], draft: Draft) -> None:
    await _require(record, lease, draft)
    draft.fence(lease, record.at)
    for now, spans in traced:
        values = {"rules": encode(now.rules), "since": moment(record.at)}
        draft.write(Put(Item(keys.refusal(record.fleet, now.instance_id), values, packed(now.facts))))
        await draft.queue(spans, record.at)


async def _settle(record: TickRecord, lease: Lease, draft: Draft) -> None:
    await _require(record, lease, draft)
    changed = await requests.settled(draft.table, record.fleet, record.proposed, record.withdrawn, record.at)
    if changed:
        draft.fence(lease, record.at)
    for one in changed[:REQUESTS_AT_ONCE]:
        requests.put(draft, one)


async def _require(record: TickRecord, lease: Lease, draft: Draft) -> None:
    refuse_outsiders(lease, await holder(draft.table, lease.fleet), record.fleet, record.at)


async def _fenced(table: Table, record: TickRecord, lease: Lease, writes: Sequence[Put | Delete]) -> None:
    """Write under the lease alone. Raises LeaseLost."""
    for attempt in range(ATTEMPTS):
        try:
            return await table.transact([fence(lease, record.at), *writes])
        except ConditionFailed:
            # Lost, or only in the way of its own renewal.
            refuse_outsiders(lease, await holder(table, lease.fleet), record.fleet, record.at)
            await table.wait(attempt)
    raise table.crowded()


def _by_weight(traced: Sequence[Traced]) -> Iterator[list[Traced]]:
    """As many refusals at once as go into one transaction, each with its spans."""
    some: list[Traced] = []
    items = size = 0
    for one in traced:
        refusal, spans = one
        # Uncompressed, which errs on the safe side.
        weight = len(encode(refusal.facts)) + sum(len(span.body) for span in spans)
        if some and (items + 1 + 2 * len(spans) > ITEMS_AT_ONCE or size + weight > BYTES_AT_ONCE):
            yield some
            some, items, size = [], 0, 0
        some, items, size = [*some, one], items + 1 + 2 * len(spans), size + weight
    if some:
        yield some


def _portions(of: Sequence[T], size: int) -> list[Sequence[T]]:
    return [of[start : start + size] for start in range(0, len(of), size)]
