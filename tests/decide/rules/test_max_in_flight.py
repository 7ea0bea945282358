import pytest

from controller.decide.rules.max_in_flight import allowed_in_flight, check
from controller.domain.policy import Amount, Limits, Policy
from controller.domain.verdict import Draft
from controller.domain.veto import Needs, Veto
from tests.support.builders import candidate, draft, group, instance, instances, policy, replacement, snapshot

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
