from typing import Any

import pytest

from controller.act.accept import budget
from controller.decide.rules.max_in_flight import allowed_in_flight, check, replaced_by_platform
from controller.domain.lifecycle import Outcome
from controller.domain.model import InstanceState
from controller.domain.past import History
from controller.domain.policy import Amount, Limits, Policy
from controller.domain.verdict import Draft
from controller.domain.veto import Needs, Veto
from tests.support.builders import (
    candidate,
    draft,
    group,
    instance,
    instances,
    past,
    policy,
    replacement,
    snapshot,
    veto,
)

OPEN = replacement("r-7f3", predecessor="i-3")


def at_most(limit: Amount) -> Policy:
    return policy(limits=Limits(max_in_flight=limit))


def test_the_limit_is_filled_by_what_is_open() -> None:
    veto = check(candidate(), Draft(), snapshot(instances(6), open_replacements=(OPEN,)), policy())
    assert veto == Veto("max_in_flight", "1 of 1 in flight (r-7f3)", Needs.REPAVE)


def test_and_by_what_this_plan_chose_already() -> None:
    seen = snapshot(instances(6), open_replacements=(OPEN,))
    veto = check(candidate(), draft(instance("i-2")), seen, at_most(Amount(count=2)))
    assert veto is not None
    assert veto.reason == "2 of 2 in flight (r-7f3, one for i-2)"
    assert check(candidate(), draft(instance("i-2")), seen, at_most(Amount(count=3))) is None


def test_nothing_in_flight_passes() -> None:
    assert check(candidate(), Draft(), snapshot(instances(6)), policy()) is None


@pytest.mark.parametrize(
    ("share", "desired", "surges", "allowed"),
    [(0.1, 6, 0, 1), (0.1, 30, 0, 3), (0.1, 31, 1, 3), (0.1, 30, 1, 2), (0.5, 0, 0, 1), (0.25, 1, 1, 1)],
)
def test_a_share_is_taken_of_what_is_desired_without_our_surges(
    share: float, desired: int, surges: int, allowed: int
) -> None:
    opened = [replacement(f"r-{n}", predecessor=f"i-{n}", successor=f"i-9{n}") for n in range(surges)]
    opened += [replacement("r-x", predecessor="i-x", successor=None)]
    seen = snapshot([], [group(desired=desired)], open_replacements=tuple(opened))
    assert allowed_in_flight(seen, at_most(Amount(share=share))) == allowed


# What the platform replaces by itself

GOES = instance("i-5", state=InstanceState.TERMINATING)
WILL_GO = instance("i-6", vetoes=(veto("platform_replacing", Needs.WORLD),))


def test_what_the_platform_replaces_by_itself_counts_too() -> None:
    seen = snapshot([*instances(4), GOES], open_replacements=(OPEN,))
    found = check(candidate(), Draft(), seen, at_most(Amount(count=2)))
    sentence = "2 of 2 in flight (r-7f3, and i-5 that its platform replaces)"
    assert found == Veto("max_in_flight", sentence, Needs.REPAVE)
    assert check(candidate(), Draft(), seen, at_most(Amount(count=3))) is None


def test_where_only_the_platform_is_at_work_the_world_has_to_move() -> None:
    seen = snapshot([*instances(4), GOES, WILL_GO])
    found = check(candidate(), Draft(), seen, at_most(Amount(count=2)))
    assert found == Veto("max_in_flight", "2 of 2 in flight (i-5, i-6 that their platform replaces)", Needs.WORLD)


def test_nobody_waits_for_himself() -> None:
    assert check(candidate(WILL_GO), Draft(), snapshot([*instances(4), WILL_GO]), policy()) is None


@pytest.mark.parametrize("state", [InstanceState.DETACHED, InstanceState.STANDBY, InstanceState.PENDING])
def test_who_is_only_put_aside_is_not_replaced(state: InstanceState) -> None:
    assert check(candidate(), Draft(), snapshot([*instances(4), instance("i-5", state=state)]), policy()) is None


@pytest.mark.parametrize(
    "seen",
    [
        {"open_replacements": (replacement("r-1", predecessor="i-5"),)},
        {"open_replacements": (replacement("r-1", predecessor="i-3", successor="i-5"),)},
        {"history": History(past=(past(predecessor="i-5"),))},
        {"history": History(past=(past(predecessor="i-3", successor="i-5", outcome=Outcome.FAILED),))},
    ],
    ids=["our predecessor", "our successor", "replaced a moment ago", "a successor sent away again"],
)
def test_what_goes_by_our_hand_counts_once(seen: dict[str, Any]) -> None:
    whole = snapshot([*instances(4), GOES], **seen)
    assert replaced_by_platform(whole) == ()
    assert check(candidate(), Draft(), whole, at_most(Amount(count=2))) is None


def test_a_predecessor_that_stayed_may_be_the_platforms_later() -> None:
    failed = past(predecessor="i-5", outcome=Outcome.FAILED)
    assert replaced_by_platform(snapshot([GOES], history=History(past=(failed,)))) == ("i-5",)


def test_the_accepting_transaction_has_as_much_less_to_give() -> None:
    seen = snapshot([*instances(4), GOES])
    assert budget(seen, at_most(Amount(count=3))).max_in_flight == 2
