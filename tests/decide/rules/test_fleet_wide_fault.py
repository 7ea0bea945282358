import pytest

from controller.decide.rules.fleet_wide_fault import check_fleet
from controller.domain.model import InstanceState
from controller.domain.policy import AnyOf, Cause, Condition
from controller.domain.verdict import VerdictKind
from controller.domain.veto import Needs, Veto
from tests.support.builders import IMAGE_AGE, evidence, group, instance, instances, judgement, policy, snapshot, verdict

TAMPERED = Condition("changed", Cause.TAMPERED, "changed", AnyOf(("yes",)))


def said(bad: int, of: int, condition: Condition | None = None, desired_before: int | None = None) -> Veto | None:
    members = instances(of)
    item = evidence(condition) if condition else evidence()
    judged = judgement(
        members, *(verdict(f"i-{n}", item) for n in range(1, bad + 1)), desired_before_trouble=desired_before
    )
    return check_fleet(snapshot(members), judged, policy())


def test_too_many_degraded_are_the_fleets_trouble() -> None:
    sentence = "4 of 10 desired instances are degraded, more than 30%"
    assert said(4, of=10) == Veto("fleet_wide_fault", sentence, Needs.WORLD)


@pytest.mark.parametrize(("bad", "of"), [(3, 10), (1, 2), (1, 1), (0, 5), (2, 7)])
def test_fewer_are_their_own(bad: int, of: int) -> None:
    assert said(bad, of) is None


def test_two_of_a_small_fleet_are_many() -> None:
    assert said(2, of=6) is not None


def test_the_tampered_are_counted_apart() -> None:
    veto = said(4, 10, TAMPERED)
    assert veto is not None
    assert veto.reason == "4 of 10 desired instances are tampered, more than 30%"
    members = instances(10)
    mixed = [verdict(f"i-{n}", evidence() if n <= 2 else evidence(TAMPERED)) for n in range(1, 5)]
    assert check_fleet(snapshot(members), judgement(members, *mixed), policy()) is None


def test_the_aged_may_be_many() -> None:
    assert said(10, 10, IMAGE_AGE) is None


def test_what_was_desired_before_the_trouble_counts() -> None:
    """Scaled in to 6 since: 3 of 6 would be too many, 3 of 10 are not; scaled out to 20 since, 4 of 10 are too many."""
    assert said(3, 6, desired_before=10) is None
    assert said(4, 20, desired_before=10) is not None


def test_one_that_is_degraded_and_tampered_with_counts_among_both() -> None:
    members = instances(10)
    both = [verdict(f"i-{n}", evidence(), evidence(TAMPERED), kind=VerdictKind.TAMPERED) for n in (1, 2)]
    degraded = [verdict(f"i-{n}", evidence()) for n in (3, 4)]
    tampered = [verdict(f"i-{n}", evidence(TAMPERED)) for n in (5, 6)]
    veto = check_fleet(snapshot(members), judgement(members, *both, *degraded), policy())
    assert veto is not None
    assert veto.reason == "4 of 10 desired instances are degraded, more than 30%"
    veto = check_fleet(snapshot(members), judgement(members, *both, *tampered), policy())
    assert veto is not None
    assert veto.reason == "4 of 10 desired instances are tampered, more than 30%"


@pytest.mark.parametrize("state", [InstanceState.TERMINATING, InstanceState.DETACHED])
def test_who_leaves_counts_no_more(state: InstanceState) -> None:
    members = (*instances(10), instance("i-11", state=state))
    bad = [verdict(f"i-{n}", evidence()) for n in (1, 2, 3, 11)]
    seen = snapshot(members, [group(desired=10)])
    assert check_fleet(seen, judgement(members, *bad), policy()) is None
    assert check_fleet(seen, judgement(members, *bad, verdict("i-4", evidence())), policy()) is not None
