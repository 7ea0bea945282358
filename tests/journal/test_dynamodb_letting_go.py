"""What is DynamoDB's own in letting the old go: how many at once, and stories that lie in many items."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from controller.domain.errors import JournalUnavailable
from controller.domain.lifecycle import Kind, Outcome
from controller.domain.model import Hold
from controller.domain.request import Request, RequestKind
from controller.journal.dynamodb import letting_go
from controller.journal.logic.documents import moment
from tests.journal.dynamo import DynamoTable
from tests.journal.material import EventSpans, accepted, begun, ended, following, later, lease_of, unhappy
from tests.support.dynamo_server import Fault

A_DAY = timedelta(days=1)


@pytest.fixture
def table(tmp_path: Path) -> Iterator[DynamoTable]:
    store = DynamoTable(tmp_path)
    yield store
    store.close()


@pytest.fixture
def journal(table: DynamoTable) -> Any:
    return table.open(EventSpans())


def about(table: DynamoTable, replacement_id: str) -> list[str]:
    """Where anything still lies that tells of it, but that its spans were queued."""
    found = table.ground.server.client().scan(TableName=table.table, ConsistentRead=True)["Items"]
    told = [
        item for item in found if replacement_id in str(item) and not item["pk"]["S"].startswith(("span", "outbox"))
    ]
    return sorted(item["pk"]["S"] for item in told)


async def test_the_first_to_close_go_first_a_bounded_number_at_once(
    journal: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert letting_go.STORIES_AT_ONCE == 200
    monkeypatch.setattr(letting_go, "STORIES_AT_ONCE", 2)
    lease = await lease_of(journal)
    for number in range(4):
        await ended(journal, lease, f"r-{number}", Outcome.ABORTED, later(number))
    assert await journal.let_go(later(10)) == 2
    assert [one.id for one in await journal.replacements()] == ["r-3", "r-2"]
    assert await journal.let_go(later(10)) == 1, "the newest stays, as in every journal"


async def test_what_ran_out_and_nobody_ended_goes_by_its_time(table: DynamoTable, journal: Any) -> None:
    """What is in force is read by every decision: it must not grow with each hold that anybody ever said."""
    await journal.hold(Hold("instance:i-1", "for an hour", "ana", later(0), later(3600)))
    await journal.hold(Hold("all", "until somebody resumes", "ana", later(0)))
    wish = Request("r-1", "gone", "i-1", RequestKind.REQUESTED, "aged", (), "ana", "", later(0), later(3600))
    await journal.ask(wish)
    found = table.ground.server.client().scan(TableName=table.table, ConsistentRead=True)["Items"]
    ends = {item["sk"]["S"]: int(item["expires_at_epoch"]["N"]) for item in found if "expires_at_epoch" in item}
    goes_at = (later(3600) + 90 * A_DAY).timestamp()
    listed = f"{moment(later(0))}#r-1"
    assert ends == dict.fromkeys(("hold#instance:i-1", "request", listed, "request#r-1"), goes_at)


async def test_nothing_is_left_of_a_story_in_many_items(table: DynamoTable, journal: Any) -> None:
    lease = await lease_of(journal)
    await begun(journal, lease, accepted(evidence="x" * 5000))
    for start in range(1, 121, 30):
        await journal.append(following("r-1", start, [(Kind.CONTINUED, None, {})] * 30), lease)
    await journal.append(following("r-1", 121, unhappy(Outcome.ABORTED)), lease)
    await ended(journal, lease, "r-2", Outcome.REPLACED)
    dead = Fault("TransactWriteItems", "cut", nth=0)
    dead.strikes = lambda operation: _from_the_second(dead, operation)  # type: ignore[method-assign]
    with table.ground.server.striking(dead), pytest.raises(JournalUnavailable):
        await journal.let_go(later(1))
    # A crash in between leaves the beginning of a story, which nobody lists any more.
    assert [one.id for one in await journal.replacements()] == ["r-2"]
    assert 0 < len(await journal.events("r-1")) < 124
    assert await journal.let_go(later(1)) == 1
    assert await journal.events("r-1") == ()
    assert about(table, "r-1") == ["accepted"], "which goes by its time to live"


def _from_the_second(fault: Fault, operation: str) -> bool:
    fault.seen += operation == fault.operation
    return operation == fault.operation and fault.seen >= 2
