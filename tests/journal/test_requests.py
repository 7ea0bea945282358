"""Proposals of a tick, the yes to them, wishes, and how each of them ends."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from controller.domain.errors import Conflict, LeaseLost
from controller.domain.memory import Memory
from controller.domain.ports import Lease, TickRecord
from controller.domain.replacement import Replacement
from controller.domain.request import REFUSED_FOR, STANDS_FOR, Abort, Request, RequestKind, RequestState
from controller.domain.veto import Needs
from controller.journal.adapter import JournalAdapter
from tests.journal.backends import Backend
from tests.journal.material import NOON, ROOMY, accepted, begun, later, lease_of

HOUR = STANDS_FOR.total_seconds()


def proposal(request_id: str = "r-1", instance_id: str = "i-old", at: datetime = NOON, **changed: Any) -> Request:
    causes, until = ("max_image_age",), at + STANDS_FOR
    whole = Request(request_id, "web", instance_id, RequestKind.PROPOSED, "aged", causes, "repave", "", at, until)
    return replace(whole, **changed)


def wish(request_id: str = "r-9", instance_id: str = "i-old", at: datetime = NOON) -> Request:
    asked = {"kind": RequestKind.REQUESTED, "causes": ("requested",), "by": "ana", "reason": "odd noises"}
    return proposal(request_id, instance_id, at, **asked, approved_by="ana", approved_at=at)


async def tick(journal: JournalAdapter, lease: Lease, *proposed: Request, seconds: float = 0, **withdrawn: str) -> None:
    """withdrawn: `r_1="why"` for r-1."""
    ended = {name.replace("_", "-"): why for name, why in withdrawn.items()}
    record = TickRecord("web", later(seconds), "", Memory(), {}, proposed=proposed, withdrawn=ended)
    await journal.record_tick(record, lease)


async def state(journal: JournalAdapter, request_id: str, seconds: float = 0) -> RequestState:
    found = await journal.request(request_id)
    assert found is not None
    return found.state(later(seconds))


async def test_a_tick_s_proposals_are_kept_as_they_are(journal: JournalAdapter) -> None:
    lease = await lease_of(journal)
    await tick(journal, lease, proposal(), proposal("r-2", "i-2", later(1)))
    assert await journal.requests(later(2)) == (proposal(), proposal("r-2", "i-2", later(1)))
    assert await journal.requests(later(2), "api") == ()
    assert await journal.all_requests() == (proposal("r-2", "i-2", later(1)), proposal())


async def test_only_the_lease_s_owner_proposes(journal: JournalAdapter) -> None:
    lease = await lease_of(journal)
    with pytest.raises(LeaseLost):
        await tick(journal, replace(lease, token=lease.token - 1), proposal())
    assert await journal.requests(later(0)) == ()


async def test_an_instance_has_one_open_proposal(journal: JournalAdapter) -> None:
    lease = await lease_of(journal)
    await tick(journal, lease, proposal())
    await tick(journal, lease, proposal("r-2"), seconds=30)
    assert [item.id for item in await journal.requests(later(30))] == ["r-1"]


async def test_an_hour_later_it_has_expired_and_the_next_tick_may_propose_anew(journal: JournalAdapter) -> None:
    lease = await lease_of(journal)
    await tick(journal, lease, proposal())
    assert await state(journal, "r-1", HOUR - 1) is RequestState.PROPOSED
    assert await state(journal, "r-1", HOUR) is RequestState.EXPIRED, "whether or not a tick has come by"
    assert await journal.requests(later(HOUR)) == ()
    await tick(journal, lease, proposal("r-2", at=later(HOUR)), seconds=HOUR)
    assert [item.id for item in await journal.requests(later(HOUR))] == ["r-2"]
    ended = await journal.request("r-1")
    assert ended is not None
    assert (ended.ended, ended.ended_at) == (RequestState.EXPIRED, later(HOUR))


async def test_a_tick_withdraws_what_is_not_wanted_any_more(journal: JournalAdapter) -> None:
    lease = await lease_of(journal)
    await tick(journal, lease, proposal())
    await tick(journal, lease, seconds=30, r_1="i-old has recovered")
    assert await state(journal, "r-1") is RequestState.WITHDRAWN
    with pytest.raises(Conflict, match="r-1 was withdrawn at 2026-11-23 12:00:30 UTC: i-old has recovered"):
        await journal.approve("r-1", "ana", later(31))


async def test_a_yes_is_kept_with_its_name_and_stands_for_an_hour_of_its_own(journal: JournalAdapter) -> None:
    await tick(journal, await lease_of(journal), proposal())
    approved = await journal.approve("r-1", "ana", later(3000))
    assert (approved.approved_by, approved.approved_at) == ("ana", later(3000))
    assert approved.expires_at == later(3000) + STANDS_FOR
    assert await state(journal, "r-1", HOUR) is RequestState.APPROVED
    with pytest.raises(Conflict, match="r-1 was approved already, by ana at 2026-11-23 12:50:00 UTC"):
        await journal.approve("r-1", "ben", later(3001))


async def test_a_yes_that_comes_too_late_or_to_nothing(journal: JournalAdapter) -> None:
    await tick(journal, await lease_of(journal), proposal())
    with pytest.raises(Conflict, match=r"r-1 expired at 2026-11-23 13:00:00 UTC; .* proposes it anew"):
        await journal.approve("r-1", "ana", later(HOUR))
    with pytest.raises(KeyError):
        await journal.approve("r-2", "ana", later(0))


async def test_a_yes_is_seen_by_every_other_process(backend: Backend) -> None:
    daemon, person = backend.open(), backend.open()
    await tick(daemon, await lease_of(daemon), proposal())
    await person.approve("r-1", "ana", later(10))
    (seen,) = await daemon.requests(later(10), "web")
    assert seen.approved(later(10))


# --- accepting -------------------------------------------------------------------------------------------------------


async def asked_for(journal: JournalAdapter, lease: Lease, seconds: float = 0, **facts: Any) -> Any:
    event = accepted(at=later(seconds), mode="ask", request={"kind": "proposed"}, **facts)
    return await journal.accept(event, lease, ROOMY)


async def test_in_mode_ask_nothing_begins_without_a_yes(journal: JournalAdapter) -> None:
    lease = await lease_of(journal)
    for _ in range(2):
        (veto,) = await asked_for(journal, lease)
        assert (veto.rule, veto.needs) == ("awaiting_approval", Needs.PERSON)
        await tick(journal, lease, proposal())
    await journal.approve("r-1", "ana", later(0))
    assert isinstance(await asked_for(journal, lease), Replacement)
    assert await state(journal, "r-1") is RequestState.ACCEPTED
    with pytest.raises(Conflict, match="r-1 is a replacement already: ana approved it"):
        await journal.approve("r-1", "ben", later(1))


async def test_a_yes_is_good_for_its_instance_its_hour_and_until_an_abort(journal: JournalAdapter) -> None:
    lease = await lease_of(journal)
    await tick(journal, lease, proposal())
    await journal.approve("r-1", "ana", later(0))
    (other,) = await asked_for(journal, lease, predecessor="i-2")
    (late,) = await asked_for(journal, lease, seconds=HOUR)
    assert other.rule == late.rule == "awaiting_approval"
    assert "nobody has approved r-1 for i-2" in other.reason


async def test_without_mode_ask_and_without_a_request_nobody_is_asked(journal: JournalAdapter) -> None:
    lease = await lease_of(journal)
    assert isinstance(await journal.accept(accepted(mode="act"), lease, ROOMY), Replacement)


# --- wishes ----------------------------------------------------------------------------------------------------------


async def test_a_wish_takes_the_place_of_a_proposal(journal: JournalAdapter) -> None:
    await tick(journal, await lease_of(journal), proposal())
    await journal.ask(wish(at=later(5)))
    assert [item.id for item in await journal.requests(later(5))] == ["r-9"]
    assert await state(journal, "r-1") is RequestState.WITHDRAWN


async def test_a_wish_is_said_once(journal: JournalAdapter) -> None:
    await journal.ask(wish())
    with pytest.raises(Conflict, match="ana asked for i-old already: r-9"):
        await journal.ask(wish("r-10"))
    await journal.ask(wish("r-11", at=later(HOUR)))
    assert await state(journal, "r-9", HOUR) is RequestState.EXPIRED
    assert await state(journal, "r-11", HOUR) is RequestState.APPROVED


async def test_who_is_being_replaced_cannot_be_wished_for(journal: JournalAdapter) -> None:
    await begun(journal, await lease_of(journal))
    with pytest.raises(Conflict, match="i-old belongs to r-1 already, which is still open"):
        await journal.ask(wish())


async def test_a_no_is_remembered_for_a_day(journal: JournalAdapter) -> None:
    await tick(journal, await lease_of(journal), proposal(), proposal("r-2", "i-2"))
    assert (await journal.history("web", later(5))).refused == ()
    refused = await journal.abort(Abort("r-1", "bob", "it is mine", later(10)))
    assert (await journal.history("web", later(11))).refused == (refused,)
    assert (await journal.history("api", later(11))).refused == ()
    assert (await journal.history("web", later(10) + REFUSED_FOR)).refused == ()
