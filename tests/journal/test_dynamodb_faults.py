"""What the wire does to a journal on DynamoDB: answers that get lost, refusals that pass, and others in between."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from controller.domain.errors import Held, IllegalTransition, JournalUnavailable, LeaseLost
from controller.domain.lifecycle import Outcome
from controller.domain.memory import Memory
from controller.domain.model import Hold
from controller.domain.ports import Budget, TickRecord
from controller.domain.replacement import Replacement
from controller.journal.dynamodb import table as waiting
from tests.journal.dynamo import DynamoTable
from tests.journal.material import ROOMY, EventSpans, accepted, begun, ended, following, happy, later, lease_of
from tests.support.dynamo_server import Fault

CALLED = happy("i-new")[:2]


@pytest.fixture
def table(tmp_path: Path) -> Iterator[DynamoTable]:
    store = DynamoTable(tmp_path)
    store.ground.server.asked.clear()
    yield store
    store.close()


@pytest.fixture
def journal(table: DynamoTable) -> Any:
    return table.open(EventSpans())


def conflict() -> Fault:
    """What DynamoDB says when another write of one of the items is under way."""
    reasons = ("TransactionConflict", "None")
    return Fault("TransactWriteItems", code="TransactionCanceledException", reasons=reasons)


@pytest.mark.parametrize("does", ["lose", "cut"])
async def test_a_decision_whose_answer_got_lost_is_done_once(table: DynamoTable, journal: Any, does: Any) -> None:
    server, lease = table.ground.server, await lease_of(journal)
    with server.striking(Fault("TransactWriteItems", does)) as fault:
        assert isinstance(await journal.accept(accepted(), lease, ROOMY), Replacement)
    with server.striking(Fault("TransactWriteItems", does)):
        await journal.append(following("r-1", 1, happy("i-new")[:3]), lease)
    assert (fault.struck, server.asked["TransactWriteItems"]) == (1, 4)
    assert [event.ordinal for event in await journal.events("r-1")] == [0, 1, 2, 3]
    assert [body for _, body, _ in await journal.pending(10)] == [
        b"r-1/0 accepted",
        b"r-1/1 started",
        b"r-1/2 called",
        b"r-1/3 returned",
    ]


async def test_when_every_answer_is_lost_the_journal_says_so_and_what_was_written_stands(
    table: DynamoTable, journal: Any
) -> None:
    lease = await lease_of(journal)
    await begun(journal, lease)
    with table.ground.server.striking(Fault("TransactWriteItems", "lose", nth=0)) as fault:
        with pytest.raises(JournalUnavailable, match="the connection broke before the answer was complete"):
            await journal.append(following("r-1", 1, happy("i-new")[:1]), lease)
        assert fault.struck == 4
    assert len(await journal.events("r-1")) == 2
    with pytest.raises(IllegalTransition, match="event 1 after 1"):
        await journal.append(following("r-1", 1, happy("i-new")[:1]), lease)


async def test_a_lease_whose_answer_got_lost_is_ours_under_the_same_token(table: DynamoTable, journal: Any) -> None:
    for round_ in range(2):
        with table.ground.server.striking(Fault("UpdateItem", "lose", nth=0 if round_ else 2)) as fault:
            if round_:
                with pytest.raises(JournalUnavailable):
                    await lease_of(journal)
            else:
                assert (await lease_of(journal)).token == 1
        assert fault.struck
    assert (await lease_of(journal)).token == 1


@pytest.mark.parametrize("operation", ["GetItem", "Query", "TransactWriteItems"])
async def test_who_is_throttled_asks_again_a_little_later(table: DynamoTable, journal: Any, operation: str) -> None:
    lease = await lease_of(journal)
    with table.ground.server.striking(Fault(operation, code="ProvisionedThroughputExceededException")) as fault:
        await begun(journal, lease)
    assert fault.struck == 1


async def test_who_is_throttled_for_good_says_so(table: DynamoTable, journal: Any) -> None:
    lease = await lease_of(journal)
    with table.ground.server.striking(Fault("TransactWriteItems", nth=0)), pytest.raises(JournalUnavailable) as caught:
        await begun(journal, lease)
    said = "dynamodb.TransactWriteItems: DynamoDB asks to slow down (ThrottlingException)"
    assert str(caught.value) == f"The journal {table.url} cannot be used: {said}."


async def test_a_transaction_cancelled_by_another_is_decided_anew(table: DynamoTable, journal: Any) -> None:
    lease = await lease_of(journal)
    with table.ground.server.striking(conflict()) as fault:
        await begun(journal, lease)
    assert fault.struck == 1
    assert table.ground.server.asked["TransactWriteItems"] == 2


async def test_a_throttled_transaction_is_the_same_when_it_is_sent_again(table: DynamoTable, journal: Any) -> None:
    throttled = Fault("TransactWriteItems", code="TransactionCanceledException", reasons=("None", "ThrottlingError"))
    lease = await lease_of(journal)
    with table.ground.server.striking(throttled):
        await begun(journal, lease)
    tokens = [body["ClientRequestToken"] for name, body in table.ground.server.bodies if name == "TransactWriteItems"]
    assert tokens[-2] == tokens[-1]


async def test_who_is_always_in_others_way_gives_up_in_the_end(
    table: DynamoTable, journal: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "LONGEST_WAIT_SECONDS", 0.0)
    lease = await lease_of(journal)
    fault = conflict()
    fault.nth = 0
    with (
        table.ground.server.striking(fault),
        pytest.raises(JournalUnavailable, match="too many others write to it at once"),
    ):
        await journal.record_tick(TickRecord("web", later(0), "", Memory(), {}), lease)
    assert fault.struck == waiting.ATTEMPTS


@pytest.mark.parametrize("what", ["delivered", "poisoned", "let go"])
async def test_two_daemons_that_take_away_the_same_do_not_trip_over_each_other(
    table: DynamoTable, journal: Any, what: str
) -> None:
    """Both deliver what waits, and both keep house: DynamoDB cancels one of two such transactions."""
    lease = await lease_of(journal)
    await ended(journal, lease, "r-1", Outcome.ABORTED)
    await begun(journal, lease, accepted("r-2", predecessor="i-2"))
    ids = [one for one, _, _ in await journal.pending(10)]
    with table.ground.server.striking(conflict()) as fault:
        match what:
            case "delivered":
                await journal.delivered(ids, later(1))
            case "poisoned":
                await journal.poisoned(ids[0], "400", later(1))
            case _:
                assert await journal.let_go(later(1)) == 1
    assert fault.struck == 1
    left = {"delivered": 0, "poisoned": len(ids) - 1}
    assert len(await journal.pending(10)) == left.get(what, len(ids))


async def test_a_renewal_in_the_way_of_a_write_comes_later(table: DynamoTable, journal: Any) -> None:
    await lease_of(journal)
    with table.ground.server.striking(Fault("UpdateItem", code="TransactionConflictException")) as fault:
        assert (await lease_of(journal)).token == 1
    assert fault.struck == 1


# --- others in between: right before the write, after everything was read and decided --------------------------------


def right_before_the_write(table: DynamoTable, happens: Any) -> Any:
    """Let a coroutine run its course after the decision was made, before it is written."""
    first = lambda: table.ground.house.run(happens)  # noqa: E731
    return table.ground.server.striking(Fault("TransactWriteItems", "nothing", first=first))


async def test_a_lease_taken_over_right_before_the_write_stops_it(table: DynamoTable, journal: Any) -> None:
    other = table.opened()
    lease = await journal.acquire("web", "d-1", 30, later(0))
    await begun(journal, lease)
    with (
        right_before_the_write(table, other.acquire("web", "d-2", 30, later(30))),
        pytest.raises(LeaseLost, match="d-2 has token 2"),
    ):
        await journal.append(following("r-1", 1, CALLED[:1]), lease)
    assert len(await journal.events("r-1")) == 1
    assert len(await journal.pending(10)) == 1


async def test_a_tick_under_a_lease_taken_over_right_before_is_not_recorded(table: DynamoTable, journal: Any) -> None:
    other = table.opened()
    lease = await journal.acquire("web", "d-1", 30, later(0))
    with (
        right_before_the_write(table, other.acquire("web", "d-2", 30, later(30))),
        pytest.raises(LeaseLost, match="d-2 has token 2"),
    ):
        await journal.record_tick(TickRecord("web", later(0), "", Memory(), {}), lease)
    assert await journal.reports() == ()


async def test_a_hold_right_before_a_call_is_written_stops_the_call(table: DynamoTable, journal: Any) -> None:
    other = table.opened()
    lease = await lease_of(journal)
    await begun(journal, lease)
    await journal.append(following("r-1", 1, CALLED[:1]), lease)
    with (
        right_before_the_write(table, other.hold(Hold("all", "incident", "ana", later(0)))),
        pytest.raises(Held, match="incident"),
    ):
        await journal.append(following("r-1", 2, CALLED[1:]), lease)
    assert len(await journal.events("r-1")) == 2


async def test_of_two_who_saw_the_last_slot_the_later_is_refused(table: DynamoTable, journal: Any) -> None:
    other = table.opened(EventSpans())
    web, api = await lease_of(journal), await lease_of(journal, "api")
    last = Budget(1000, 1000, 1, 1000)
    first = other.accept(accepted("r-2", fleet="api", predecessor="i-2"), api, last)
    with right_before_the_write(table, first):
        (veto,) = await journal.accept(accepted(), web, last)
    assert veto.reason == "1 of 1 this hour over all fleets"
    assert [one.id for one in await journal.open_replacements()] == ["r-2"]


async def test_a_refusal_that_was_true_no_more_is_thought_over(table: DynamoTable, journal: Any) -> None:
    """Nothing is written by a refusal; it counts all the same only if nothing came in between."""
    other, lease = table.opened(), await lease_of(journal)
    await journal.hold(Hold("all", "incident", "ana", later(0)))
    # The ledger, the lease, the request and the first event; the fifth asks whether the ledger is still the same.
    last = Fault("GetItem", "nothing", 5, first=lambda: table.ground.house.run(other.resume("all", "ana", later(1))))
    with table.ground.server.striking(last):
        assert isinstance(await journal.accept(accepted(at=later(2)), lease, ROOMY), Replacement)
