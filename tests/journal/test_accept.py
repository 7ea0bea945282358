from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from controller.domain.errors import IllegalTransition
from controller.domain.lifecycle import Kind, Outcome, Phase, Step
from controller.domain.model import Breaker, Hold
from controller.domain.policy import Cooldown
from controller.domain.ports import Budget, Lease
from controller.domain.replacement import Event, Replacement
from controller.domain.veto import Needs, Veto
from controller.journal.adapter import JournalAdapter
from tests.journal.material import ROOMY, accepted, begun, ended, following, happy, later, lease_of, worse


async def refused(journal: JournalAdapter, event: Event, lease: Lease, budget: Budget) -> tuple[Veto, ...]:
    got = await journal.accept(event, lease, budget)
    assert not isinstance(got, Replacement)
    assert await journal.events(event.replacement_id) == ()
    return got


async def test_it_begins_the_replacement(journal: JournalAdapter) -> None:
    lease = await lease_of(journal)
    got = await begun(journal, lease)
    assert (got.id, got.phase, got.predecessor, got.accepted_at) == ("r-1", Phase.ACCEPTED, "i-old", later(0))
    assert await journal.open_replacements("web") == (got,)
    assert await journal.events("r-1") == (accepted(),)


async def test_only_an_accepted_event_with_ordinal_0_begins_one(journal: JournalAdapter) -> None:
    lease = await lease_of(journal)
    for wrong in (replace(accepted(), ordinal=1), replace(accepted(), kind=Kind.STARTED, step=Step.LAUNCH)):
        with pytest.raises(IllegalTransition):
            await journal.accept(wrong, lease, ROOMY)
    assert await journal.replacements() == ()


async def test_the_limit_in_flight_is_per_fleet(journal: JournalAdapter) -> None:
    web, api = await lease_of(journal), await lease_of(journal, "api")
    await begun(journal, web)
    one = replace(ROOMY, max_in_flight=1)
    assert await refused(journal, accepted("r-2", predecessor="i-2"), web, one) == (
        Veto("max_in_flight", "1 of 1 in flight (r-1)", Needs.REPAVE),
    )
    assert isinstance(await journal.accept(accepted("r-3", fleet="api", predecessor="i-3"), api, one), Replacement)
    await journal.append(following("r-1", 1, happy("i-new")), web)
    assert isinstance(await journal.accept(accepted("r-4", predecessor="i-4"), web, one), Replacement)


async def test_nobody_is_replaced_twice_at_once(journal: JournalAdapter) -> None:
    lease = await lease_of(journal)
    await begun(journal, lease)
    (veto,) = await refused(journal, accepted("r-2"), lease, ROOMY)
    assert veto == Veto("max_in_flight", "i-old belongs to r-1, which is still open", Needs.REPAVE)


async def test_a_successor_that_is_unproven_is_not_replaced(journal: JournalAdapter) -> None:
    lease = await lease_of(journal)
    await begun(journal, lease)
    await journal.append(following("r-1", 1, happy("i-new")[:4]), lease)
    (veto,) = await refused(journal, accepted("r-2", predecessor="i-new"), lease, ROOMY)
    assert "i-new belongs to r-1" in veto.reason


async def test_the_same_instance_may_be_replaced_again_after_a_failure(journal: JournalAdapter) -> None:
    lease = await lease_of(journal)
    await ended(journal, lease, "r-1", Outcome.FAILED)
    again = accepted("r-2", predecessor="old-of-r-1", at=later(600))
    assert isinstance(await journal.accept(again, lease, ROOMY), Replacement)


async def test_but_only_after_the_cooldown_unless_a_person_resumed(journal: JournalAdapter) -> None:
    """The plan that wants it may be older than the failure: another daemon's, or made while the last one ended."""
    lease = await lease_of(journal)
    await ended(journal, lease, "r-1", Outcome.FAILED)
    again = accepted("r-2", predecessor="old-of-r-1", at=later(599))
    (veto,) = await refused(journal, again, lease, ROOMY)
    assert (veto.rule, veto.clears_at) == ("cooldown", later(600))
    short = replace(ROOMY, cooldown=Cooldown(base_seconds=599))
    assert isinstance(await journal.accept(again, lease, short), Replacement)
    await journal.resume("fleet:web", "ana", later(599))
    await ended(journal, lease, "r-3", Outcome.FAILED)
    await journal.resume("fleet:web", "ana", later(599))
    third = accepted("r-4", predecessor="old-of-r-3", at=later(599))
    assert isinstance(await journal.accept(third, lease, ROOMY), Replacement)


async def test_a_canary_goes_alone_and_what_it_proves_lets_others_go(journal: JournalAdapter) -> None:
    lease = await lease_of(journal)

    def onto_new(number: int, **facts: Any) -> Event:
        return accepted(f"r-{number}", predecessor=f"i-{number}", launch_image_id="ami-new", **facts)

    canary = await begun(journal, lease, onto_new(1))
    (veto,) = await refused(journal, onto_new(2), lease, ROOMY)
    assert (veto.rule, veto.needs) == ("canary", Needs.REPAVE)
    assert veto.reason == "ami-new has not proved itself in this fleet yet: r-1 goes first, alone"
    # Another image, and another fleet, are other matters; a fleet's own limit of one leaves nothing to say.
    assert isinstance(await journal.accept(accepted("r-3", predecessor="i-3"), lease, ROOMY), Replacement)
    api = await lease_of(journal, "api")
    assert isinstance(await journal.accept(onto_new(4, fleet="api"), api, ROOMY), Replacement)
    await journal.append(following(canary.id, 1, happy("i-new")), lease)
    assert isinstance(await journal.accept(onto_new(5), lease, ROOMY), Replacement)
    assert isinstance(await journal.accept(onto_new(6), lease, ROOMY), Replacement)
    (veto,) = await refused(journal, onto_new(7), lease, ROOMY)
    assert veto.reason == "ami-new has proved itself 1 time here, which allows 2 at once: r-5, r-6 in flight"


async def test_an_image_whose_successors_failed_twice_is_launched_no_more(journal: JournalAdapter) -> None:
    lease = await lease_of(journal)
    for number in (1, 2):
        await begun(journal, lease, accepted(f"r-{number}", predecessor=f"i-{number}", launch_image_id="ami-new"))
        await journal.append(following(f"r-{number}", 1, worse(f"new-{number}")), lease)
    third = accepted("r-3", predecessor="i-3", launch_image_id="ami-new")
    (veto,) = await refused(journal, third, lease, ROOMY)
    assert (veto.rule, veto.needs) == ("image_set_aside", Needs.PERSON)
    assert "2 successors in a row failed on ami-new" in veto.reason
    await journal.resume("all", "ana", later(0))
    assert isinstance(await journal.accept(third, lease, ROOMY), Replacement)


async def test_the_hourly_budget_clears_when_the_oldest_leaves_the_hour(journal: JournalAdapter) -> None:
    lease = await lease_of(journal)
    for n in range(2):
        await begun(journal, lease, accepted(f"r-{n}", predecessor=f"i-{n}", at=later(60 * n)))
    two = replace(ROOMY, replacements_per_hour=2)
    (veto,) = await refused(journal, accepted("r-9", at=later(3599)), lease, two)
    assert veto == Veto("replacements_per_hour", "2 of 2 this hour in this fleet", Needs.REPAVE, later(3600))
    assert isinstance(await journal.accept(accepted("r-9", at=later(3600)), lease, two), Replacement)


async def test_a_lowered_hourly_budget_clears_when_enough_have_left(journal: JournalAdapter) -> None:
    lease = await lease_of(journal)
    for n in range(3):
        await begun(journal, lease, accepted(f"r-{n}", predecessor=f"i-{n}", at=later(60 * n)))
    (veto,) = await refused(journal, accepted("r-9", at=later(200)), lease, replace(ROOMY, replacements_per_hour=2))
    assert veto.clears_at == later(60 + 3600)


async def test_a_budget_of_none_is_cleared_by_a_person_only(journal: JournalAdapter) -> None:
    lease = await lease_of(journal)
    (veto,) = await refused(journal, accepted(), lease, replace(ROOMY, replacements_per_hour=0))
    assert (veto.rule, veto.needs, veto.clears_at) == ("replacements_per_hour", Needs.PERSON, None)


async def test_the_hourly_budget_over_all_fleets_counts_the_others(journal: JournalAdapter) -> None:
    web, api = await lease_of(journal), await lease_of(journal, "api")
    await begun(journal, api, accepted("r-1", fleet="api", predecessor="i-1"))
    one = replace(ROOMY, replacements_per_hour_everywhere=1)
    (veto,) = await refused(journal, accepted("r-2", at=later(10)), web, one)
    assert veto == Veto("replacements_per_hour", "1 of 1 this hour over all fleets", Needs.REPAVE, later(3600))


async def test_failures_in_a_row_stop_the_fleet_until_a_person_resumes(journal: JournalAdapter) -> None:
    lease = await lease_of(journal)
    two = replace(ROOMY, stop_after_failures=2)
    for n in range(2):
        assert isinstance(await journal.accept(accepted(f"try-{n}", predecessor=f"i-{n}"), lease, two), Replacement)
        await ended(journal, lease, f"r-{n}", Outcome.FAILED)
    vetoes = await refused(journal, accepted("r-9"), lease, two)
    assert [veto.needs for veto in vetoes] == [Needs.PERSON, Needs.PERSON]
    assert [veto.reason.split(" (")[0] for veto in vetoes] == [
        "2 replacements in a row failed in this fleet",
        "2 replacements in a row failed over all fleets",
    ]
    await journal.resume("fleet:web", "ana", later(1))
    assert isinstance(await journal.accept(accepted("r-9"), lease, two), Replacement)


@pytest.mark.parametrize("scope", ["all", "fleet:web", "instance:i-old"])
async def test_a_hold_refuses(journal: JournalAdapter, scope: str) -> None:
    lease = await lease_of(journal)
    hold = Hold(scope, "release day", "ana", later(0), later(60))
    await journal.hold(hold)
    assert await refused(journal, accepted(at=later(59)), lease, ROOMY) == (
        Veto("held", hold.sentence(), Needs.PERSON, later(60)),
    )
    assert isinstance(await journal.accept(accepted(at=later(60)), lease, ROOMY), Replacement)


async def test_a_hold_on_something_else_does_not(journal: JournalAdapter) -> None:
    lease = await lease_of(journal)
    for scope in ("fleet:api", "instance:i-other", "instance:web", "fleet:i-old"):
        await journal.hold(Hold(scope, "elsewhere", "ana", later(0)))
    assert isinstance(await journal.accept(accepted(), lease, ROOMY), Replacement)


async def test_every_veto_is_named_not_only_the_first(journal: JournalAdapter) -> None:
    lease = await lease_of(journal)
    await ended(journal, lease, "r-0", Outcome.FAILED)
    await begun(journal, lease)
    await journal.hold(Hold("all", "incident", "ana", later(0)))
    vetoes = await refused(journal, accepted("r-2", at=later(1)), lease, Budget(1, 1, 1, 1))
    assert [veto.rule for veto in vetoes] == [
        "held",
        *["max_in_flight"] * 2,
        *["replacements_per_hour"] * 2,
        *["stop_after_failures"] * 2,
    ]
    # Two are within the hour and one may be: there is room when the second has left.
    assert {veto.clears_at for veto in vetoes} == {None, later(0) + timedelta(hours=1)}


async def test_a_breaker_that_opened_since_the_plan_was_made_stops_its_cause(journal: JournalAdapter) -> None:
    lease = await lease_of(journal)
    await journal.open_breaker(Breaker("web", "disk filling", "r-0: no better", later(0), "ami-bad"), lease)
    (veto,) = await refused(journal, accepted("r-1", launch_image_id="ami-bad"), lease, ROOMY)
    assert veto == Veto("breaker", "breaker for `disk filling` is open: r-0: no better", Needs.PERSON)
    other = accepted("r-2", predecessor="i-2", launch_image_id="ami-bad", causes=["errors"])
    assert isinstance(await journal.accept(other, lease, ROOMY), Replacement)
    # Another image makes it half-open: one may try, and the next waits for it.
    assert isinstance(await journal.accept(accepted("r-3", launch_image_id="ami-new"), lease, ROOMY), Replacement)
    (veto,) = await refused(journal, accepted("r-4", predecessor="i-4", launch_image_id="ami-newer"), lease, ROOMY)
    assert veto.reason == "breaker for `disk filling` is half-open, and r-3 tries a new image first"
    unknown = accepted("r-5", predecessor="i-5", launch_image_id=None)
    assert [item.rule for item in await refused(journal, unknown, lease, ROOMY)] == ["breaker"]
