"""Abort: what it ends at once, what it turns back, what it lets through, and when it is too late."""

import pytest

from controller.domain.errors import Conflict, Held
from controller.domain.lifecycle import Kind, Outcome, Step
from controller.domain.model import Hold
from controller.domain.ports import Lease
from controller.domain.replacement import Replacement
from controller.domain.request import Abort, Request, RequestState
from controller.journal.adapter import JournalAdapter
from tests.journal.backends import Backend
from tests.journal.material import Move, begun, ended, following, happy, later, lease_of
from tests.journal.test_requests import asked_for, proposal, tick

WAY_BACK = (Kind.FAILED, Step.LAUNCH, {"reason": "aborted by ana", "error_type": "aborted", "outcome": "aborted"})
UNDOING_CALL = (Kind.CALLED, None, {"call": "autoscaling.SetDesiredCapacity", "ordinal": 0, "arguments": {}})


def word(by: str = "ana", seconds: float = 1, of: str = "r-1", reason: str = "wrong one") -> Abort:
    return Abort(of, by, reason, later(seconds))


async def walked(journal: JournalAdapter, lease: Lease, *moves: Move) -> Replacement:
    await begun(journal, lease)
    await journal.append(following("r-1", 1, moves), lease)
    (state,) = await journal.replacements()
    return state


async def test_a_proposal_ends_at_once(journal: JournalAdapter) -> None:
    lease = await lease_of(journal)
    await tick(journal, lease, proposal())
    about = await journal.abort(word())
    assert isinstance(about, Request)
    assert (about.ended, about.closing) == (RequestState.ABORTED, "aborted by ana: wrong one")
    with pytest.raises(Conflict, match="r-1 was aborted at 2026-11-23 12:00:01 UTC: aborted by ana: wrong one"):
        await journal.abort(word("ben", 2))
    with pytest.raises(Conflict, match="r-1 was aborted"):
        await journal.approve("r-1", "ben", later(2))


async def test_an_approved_one_that_was_aborted_is_never_accepted(journal: JournalAdapter) -> None:
    lease = await lease_of(journal)
    await tick(journal, lease, proposal())
    await journal.approve("r-1", "ben", later(0))
    await journal.abort(word())
    (veto,) = await asked_for(journal, lease, seconds=2)
    assert veto.rule == "awaiting_approval"


async def test_no_call_but_those_of_the_way_back_follows_an_abort(backend: Backend) -> None:
    daemon, person = backend.open(), backend.open()
    lease = await lease_of(daemon)
    await walked(daemon, lease, *happy("i-new")[:1])
    about = await person.abort(word())
    assert (about.id, await daemon.aborted("r-1")) == ("r-1", word())
    with pytest.raises(Held, match="aborted by ana: wrong one"):
        await daemon.append(following("r-1", 2, happy("i-new")[1:2]), lease)
    await daemon.append(following("r-1", 2, [WAY_BACK]), lease)
    await daemon.append(following("r-1", 3, [UNDOING_CALL]), lease)
    with pytest.raises(Conflict, match="r-1 was aborted already, by ana at 2026-11-23 12:00:01 UTC"):
        await person.abort(word("ben", 2))


@pytest.mark.parametrize("scope", ["all", "fleet:web", "instance:i-old", "instance:i-new"])
async def test_it_outranks_a_hold_that_was_there_before_and_not_a_later_one(
    journal: JournalAdapter, scope: str
) -> None:
    lease = await lease_of(journal)
    state = await walked(journal, lease, *happy("i-new")[:4])
    await journal.hold(Hold(scope, "incident", "eve", later(0)))
    assert await journal.hold_on(state, later(1)) is not None
    await journal.abort(word())
    assert await journal.hold_on(state, later(1)) is None
    back = (Kind.FAILED, Step.AWAIT_READY, {"error_type": "aborted"})
    await journal.append(following("r-1", 5, [(Kind.STARTED, Step.AWAIT_READY, {}), back]), lease)
    call = (Kind.CALLED, None, {"call": "x.Y", "ordinal": 1, "arguments": {}})
    done = (Kind.RETURNED, None, {"call": "x.Y", "ordinal": 1, "outcome": "ok"})
    await journal.append(following("r-1", 7, [call, done]), lease)
    await journal.hold(Hold(scope, "and this one", "eve", later(2)))
    with pytest.raises(Held, match="and this one"):
        await journal.append(following("r-1", 9, [(Kind.CALLED, None, {**call[2], "ordinal": 2})]), lease)
    await journal.abort(word("ben", 3))
    await journal.append(following("r-1", 9, [(Kind.CALLED, None, {**call[2], "ordinal": 2})]), lease)


async def test_after_the_termination_was_called_it_is_too_late(journal: JournalAdapter) -> None:
    lease = await lease_of(journal)
    called = (Kind.CALLED, Step.TERMINATE, {"call": "autoscaling.Terminate", "ordinal": 1, "arguments": {}})
    await walked(journal, lease, *happy("i-new")[:11], called)
    with pytest.raises(Conflict, match="it is too late to abort r-1: autoscaling.Terminate for i-old was called at"):
        await journal.abort(word())
    assert await journal.aborted("r-1") is None


async def test_a_termination_that_failed_can_still_be_turned_back(journal: JournalAdapter) -> None:
    lease = await lease_of(journal)
    called = (Kind.CALLED, Step.TERMINATE, {"call": "autoscaling.Terminate", "ordinal": 1, "arguments": {}})
    failed = (Kind.RETURNED, Step.TERMINATE, {"call": "autoscaling.Terminate", "ordinal": 1, "outcome": "failed"})
    await walked(journal, lease, *happy("i-new")[:11], called, failed)
    assert (await journal.abort(word())).id == "r-1"
    with pytest.raises(Held):
        await journal.append(following("r-1", 14, [(Kind.CALLED, Step.TERMINATE, {**called[2], "ordinal": 2})]), lease)


async def test_what_has_ended_or_never_was(journal: JournalAdapter) -> None:
    await ended(journal, await lease_of(journal), "r-1", Outcome.REPLACED)
    with pytest.raises(Conflict, match="r-1 has ended already: replaced"):
        await journal.abort(word())
    with pytest.raises(KeyError):
        await journal.abort(word(of="r-2"))


async def test_who_ended_a_hold_is_known_unless_it_ran_out(journal: JournalAdapter) -> None:
    state = await walked(journal, await lease_of(journal), *happy("i-new")[:4])
    await journal.hold(Hold("all", "incident", "eve", later(0)))
    assert await journal.lifted(state, later(0)) is None
    await journal.resume("all", "ana", later(10))
    lifted = await journal.lifted(state, later(0))
    assert lifted is not None
    assert (lifted.by, lifted.at) == ("ana", later(10))
    assert await journal.lifted(state, later(11)) is None
    await journal.hold(Hold("instance:i-new", "a look", "eve", later(20), later(30)))
    await journal.hold(Hold("instance:i-new", "again", "eve", later(40), later(50)))
    assert await journal.lifted(state, later(20)) is None, "the first ran out before the second took its place"
