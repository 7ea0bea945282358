"""DynamoDB's limits: what is too large lies in parts, what is too much goes in several transactions, and what cannot be
is refused before it is sent."""

import random
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from controller.domain.errors import JournalUnavailable
from controller.domain.lifecycle import Kind
from controller.domain.memory import Memory, Streak, StreakKind
from controller.domain.model import Breaker
from controller.domain.ports import EncodedSpan, RefusalRecord, TickRecord
from controller.domain.replacement import Event
from controller.journal.dynamodb.items import (
    LARGEST_ITEM_BYTES,
    LARGEST_TRANSACTION_BYTES,
    MOST_IN_A_TRANSACTION,
    Item,
    Key,
    Put,
    requests_of,
    size_of,
)
from tests.journal.dynamo import DynamoTable
from tests.journal.material import EventSpans, accepted, begun, following, later, lease_of
from tests.support.dynamo_server import Fault

NOISE = random.Random(5)


def noise(size: int) -> str:
    """Text that does not get much smaller."""
    return NOISE.randbytes(size // 2).hex()


@pytest.fixture
def table(tmp_path: Path) -> Iterator[DynamoTable]:
    store = DynamoTable(tmp_path)
    store.ground.server.bodies.clear()
    yield store
    store.close()


@pytest.fixture
def journal(table: DynamoTable) -> Any:
    return table.open(EventSpans())


def transactions(table: DynamoTable) -> list[list[dict[str, Any]]]:
    return [body["TransactItems"] for name, body in table.ground.server.bodies if name == "TransactWriteItems"]


def lying(table: DynamoTable, start: str) -> int:
    """How many items lie under keys that start so."""
    found = table.ground.server.client().scan(TableName=table.table, ConsistentRead=True)["Items"]
    return sum(item["pk"]["S"].startswith(start) for item in found)


async def test_large_facts_lie_in_parts_and_come_back_whole(table: DynamoTable, journal: Any) -> None:
    facts: dict[str, Any] = {"evidence": noise(1_600_000), "note": "ünïcode"}
    lease = await lease_of(journal)
    event = accepted(**facts)
    await begun(journal, lease, event)
    assert await journal.events("r-1") == (event,)
    assert lying(table, "story#r-1+") >= 2
    (state,) = await journal.open_replacements()
    assert state.facts["evidence"] == facts["evidence"]


async def test_a_large_report_and_memory_lie_in_parts_and_follow_each_other(table: DynamoTable, journal: Any) -> None:
    lease = await lease_of(journal)
    for seconds, size in enumerate((1_800_000, 900_000, 10)):
        report, streak = {"name": "web", "text": noise(size)}, Streak(StreakKind.BREACHED, later(0), later(1), size)
        memory = Memory({("i-1", noise(size)): streak})
        await journal.record_tick(TickRecord("web", later(seconds), "Looked.", memory, report), lease)
        assert await journal.memory("web") == memory
        (found,) = await journal.reports()
        assert (found.report, found.at) == (report, later(seconds))


async def test_a_large_span_goes_out_with_the_same_bytes_and_leaves_nothing(table: DynamoTable) -> None:
    large = NOISE.randbytes(900_000)

    class One(EventSpans):
        def replacement(self, history: Sequence[Event], new: Sequence[Event]) -> tuple[EncodedSpan, ...]:
            return tuple(EncodedSpan(f"{one.ordinal}", large if one.ordinal else b"small") for one in new)

    journal = table.open(One())
    lease = await lease_of(journal)
    await begun(journal, lease)
    await journal.append(following("r-1", 1, [(Kind.CONTINUED, None, {})]), lease)
    (small_id, small, _), (large_id, body, _) = await journal.pending(10)
    assert (small, body) == (b"small", large)
    assert await journal.outbox_size() == 2
    assert lying(table, "outbox+") == 2
    await journal.delivered([small_id], later(1))
    await journal.poisoned(large_id, "413 Payload Too Large", later(1))
    assert await journal.outbox_size() == 0
    assert (lying(table, "outbox"), lying(table, "poisoned")) == (0, 3)


async def test_parts_of_two_writings_are_never_joined(table: DynamoTable, journal: Any) -> None:
    """Whoever reads while somebody writes may get the head of one and the tail of the other."""
    lease = await lease_of(journal)

    def tick(seconds: float) -> TickRecord:
        return TickRecord("web", later(seconds), "", Memory(), {"text": noise(900_000)})

    first, second = tick(0), tick(30)
    await journal.record_tick(first, lease)
    in_between = Fault("GetItem", "nothing", first=lambda: table.ground.house.run(other.record_tick(second, lease)))
    other = table.opened()
    with table.ground.server.striking(in_between):
        (found,) = await journal.reports()
    assert in_between.struck == 1
    assert found.report == second.report


# --- more than a transaction holds -----------------------------------------------------------------------------------


def crowd(count: int, at: datetime, rules: tuple[str, ...] = ("held",)) -> TickRecord:
    refusals = {f"i-{n:03d}": RefusalRecord(f"i-{n:03d}", rules, {"verdict": "aged", "n": n}) for n in range(count)}
    return TickRecord("web", at, f"Looked at {count}.", Memory(), {"name": "web"}, refusals)


async def test_six_hundred_refusals_in_one_tick(table: DynamoTable, journal: Any) -> None:
    lease = await lease_of(journal)
    tick = crowd(600, later(0))
    assert len(await journal.record_tick(tick, lease)) == 600
    made = transactions(table)
    assert all(len(one) <= MOST_IN_A_TRANSACTION for one in made)
    assert len(made) == 20
    # Each under the lease, in the write itself.
    assert all(any("ConditionCheck" in item for item in one) for one in made)
    assert await journal.reports() == (tick,)
    assert await journal.outbox_size() == 600
    assert await journal.record_tick(crowd(0, later(30)), lease) == ()
    assert (await journal.reports())[0].refusals == {}
    assert lying(table, "refusals#") == 0


async def test_a_crash_between_them_loses_no_trace_and_repeats_none(table: DynamoTable, journal: Any) -> None:
    lease = await lease_of(journal)
    dead = Fault("TransactWriteItems", "cut", nth=3)
    dead.strikes = lambda operation: _from_the_third(dead, operation)  # type: ignore[method-assign]
    with table.ground.server.striking(dead), pytest.raises(JournalUnavailable):
        await journal.record_tick(crowd(100, later(0)), lease)
    assert await journal.reports() == ()
    done = await journal.outbox_size()
    assert 0 < done < 100
    left = await journal.record_tick(crowd(100, later(30)), lease)
    assert len(left) == 100 - done
    bodies = await journal.pending(1000)
    assert len(bodies) == 100
    assert len((await journal.reports())[0].refusals) == 100


def _from_the_third(fault: Fault, operation: str) -> bool:
    fault.seen += operation == fault.operation
    return operation == fault.operation and fault.seen >= 3


async def test_more_breakers_than_one_transaction_closes(table: DynamoTable, journal: Any) -> None:
    lease = await lease_of(journal)
    for number in range(45):
        await journal.open_breaker(Breaker("web", f"cause {number}", "no better", later(0)), lease)
    assert await journal.resume("all", "ana", later(1)) == 45
    assert await journal.breakers("web") == ()


async def test_a_batch_of_more_events_than_a_transaction_holds_is_refused(table: DynamoTable, journal: Any) -> None:
    lease = await lease_of(journal)
    await begun(journal, lease)
    with pytest.raises(JournalUnavailable, match="one transaction would write 12. items .* and DynamoDB takes 100"):
        await journal.append(following("r-1", 1, [(Kind.CONTINUED, None, {})] * 40), lease)
    assert len(await journal.events("r-1")) == 1


async def test_a_listing_of_many_pages_is_whole(table: DynamoTable, journal: Any) -> None:
    """DynamoDB ends a page at 1 MB."""
    for number in range(6):
        record = TickRecord(f"f-{number}", later(0), "", Memory(), {"text": noise(600_000)})
        await journal.record_tick(record, await lease_of(journal, f"f-{number}"))
    table.ground.server.asked.clear()
    assert [one.fleet for one in await journal.reports()] == [f"f-{number}" for number in range(6)]
    assert table.ground.server.asked["Query"] > 7, "reports in two pages or more, and six fleets' refusals"


# --- refused before it is sent ---------------------------------------------------------------------------------------


def test_an_item_that_dynamodb_would_not_take_is_refused() -> None:
    fits = Item(Key("a", "b"), {"text": "x" * (LARGEST_ITEM_BYTES - 20)})
    assert requests_of([Put(fits)], "table", "w-1")
    (_, attributes), *_ = fits.written("w-1")
    assert size_of(attributes) <= LARGEST_ITEM_BYTES
    with pytest.raises(JournalUnavailable, match="an item would have 409[0-9]{3} bytes, and DynamoDB takes 409600"):
        requests_of([Put(Item(Key("a", "b"), {"text": "x" * LARGEST_ITEM_BYTES}))], "table", "w-1")


def test_a_transaction_that_dynamodb_would_not_take_is_refused() -> None:
    many = [Put(Item(Key("a", str(number)))) for number in range(MOST_IN_A_TRANSACTION + 1)]
    assert len(requests_of([*many[1:]], "table", "w-1")) == MOST_IN_A_TRANSACTION
    with pytest.raises(JournalUnavailable, match="101 items"):
        requests_of([*many], "table", "w-1")
    large = Item(Key("a", "b"), body=bytes(LARGEST_TRANSACTION_BYTES))
    with pytest.raises(JournalUnavailable, match="DynamoDB takes 100 of 4194304"):
        requests_of([Put(large)], "table", "w-1")
