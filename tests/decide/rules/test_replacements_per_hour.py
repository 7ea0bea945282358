from collections.abc import Sequence
from datetime import timedelta

from controller.decide.rules.replacements_per_hour import check
from controller.domain.past import History
from controller.domain.policy import GlobalLimits, Limits
from controller.domain.verdict import Draft
from controller.domain.veto import Needs, Veto
from tests.support.builders import NOW, candidate, draft, instance, later, policy, snapshot

FOUR = [-3000, -2000, -1000, -10]
HOUR = timedelta(hours=1)


def said(
    here: Sequence[float], chosen: Draft | None = None, everywhere: Sequence[float] = (), limit: int = 4
) -> Veto | None:
    history = History(tuple(map(later, here)), tuple(map(later, everywhere or here)))
    by = policy(limits=Limits(replacements_per_hour=limit), global_limits=GlobalLimits(6, 3))
    return check(candidate(), chosen or Draft(), snapshot(history=history), by)


def test_a_spent_hour_clears_when_its_oldest_acceptance_leaves_it() -> None:
    sentence = "4 of 4 this hour in this fleet"
    assert said(FOUR) == Veto("replacements_per_hour", sentence, Needs.REPAVE, later(-3000) + HOUR)


def test_room_for_one_more_passes() -> None:
    assert said(FOUR[:3]) is None


def test_what_this_plan_chose_counts() -> None:
    veto = said(FOUR[:3], draft(instance("i-2")))
    assert veto is not None
    assert (veto.reason, veto.clears_at) == ("4 of 4 this hour in this fleet", later(-3000) + HOUR)


def test_over_the_limit_more_have_to_leave_the_hour() -> None:
    """The limit was lowered to 2: only when the third oldest is gone is one left, and room for another."""
    veto = said(FOUR, limit=2)
    assert veto is not None
    assert veto.clears_at == later(-1000) + HOUR


def test_a_budget_spent_by_this_plan_alone_has_no_time_yet() -> None:
    veto = said([], draft(instance("i-2")), limit=1)
    assert veto == Veto("replacements_per_hour", "1 of 1 this hour in this fleet", Needs.REPAVE)


def test_other_fleets_spend_the_same_hour() -> None:
    veto = said([-10], everywhere=[-3000, *FOUR, -5])
    assert veto is not None
    assert (veto.reason, veto.clears_at) == ("6 of 6 this hour over all fleets", NOW + HOUR - timedelta(seconds=3000))
