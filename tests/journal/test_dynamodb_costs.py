"""What a journal asks of DynamoDB, counted at the wire: docs/dynamodb.md makes a price of it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from controller.domain.memory import Memory
from controller.domain.ports import RefusalRecord, TickRecord
from tests.journal.dynamo import DynamoTable
from tests.journal.material import ROOMY, EventSpans, accepted, begun, following, happy, later, lease_of


@pytest.fixture
def table(tmp_path: Path) -> Iterator[DynamoTable]:
    store = DynamoTable(tmp_path)
    yield store
    store.close()


@pytest.fixture
def journal(table: DynamoTable) -> Any:
    return table.open(EventSpans())


def asked(table: DynamoTable) -> dict[str, int]:
    """Since the last time."""
    found = dict(table.ground.server.asked)
    table.ground.server.asked.clear()
    return found


def quiet(seconds: float) -> TickRecord:
    refusals = {"i-1": RefusalRecord("i-1", ("held",), {"verdict": "aged"})}
    return TickRecord("web", later(seconds), "1 instance: 1 aged", Memory(), {"name": "web"}, refusals)


async def test_a_tick_that_changes_no_reason_is_one_small_transaction(table: DynamoTable, journal: Any) -> None:
    lease = await lease_of(journal)
    await journal.record_tick(quiet(0), lease)
    asked(table)
    assert await journal.record_tick(quiet(30), lease) == ()
    assert asked(table) == {"GetItem": 1, "Query": 2, "TransactWriteItems": 1}
    name, body = table.ground.server.bodies[-1]
    assert (name, len(body["TransactItems"])) == ("TransactWriteItems", 3)


async def test_a_decision_reads_twice_over_and_writes_once(table: DynamoTable, journal: Any) -> None:
    lease = await lease_of(journal)
    asked(table)
    await journal.accept(accepted(), lease, ROOMY)
    assert asked(table) == {"GetItem": 4, "Query": 4, "TransactWriteItems": 1}
    await journal.append(following("r-1", 1, happy("i-new")[:1]), lease)
    assert asked(table) == {"GetItem": 2, "Query": 2, "TransactWriteItems": 1}


async def test_renewing_a_lease_is_one_write_and_taking_one_two(table: DynamoTable, journal: Any) -> None:
    asked(table)
    await lease_of(journal)
    assert asked(table) == {"UpdateItem": 2}
    await lease_of(journal)
    assert asked(table) == {"UpdateItem": 1}


async def test_being_there_is_one_small_read_each_of_others_leases_and_spans(table: DynamoTable, journal: Any) -> None:
    await lease_of(journal)
    await journal.announce("d-1", frozenset({"web"}), 15, later(0))
    asked(table)
    await journal.announce("d-1", frozenset({"web"}), 15, later(5))
    assert asked(table) == {"GetItem": 1, "PutItem": 1}
    for read in (journal.present(later(5)), journal.leases(), journal.pending(128)):
        await read
        assert asked(table) == {"Query": 1}


async def test_what_is_open_is_not_searched_for_among_what_has_ended(table: DynamoTable, journal: Any) -> None:
    lease = await lease_of(journal)
    for number in range(5):
        await begun(journal, lease, accepted(f"r-{number}", predecessor=f"i-{number}"))
        if number:
            await journal.append(following(f"r-{number}", 1, happy(f"new-{number}")), lease)
    asked(table)
    assert [one.id for one in await journal.open_replacements()] == ["r-0"]
    assert asked(table) == {"Query": 2}
