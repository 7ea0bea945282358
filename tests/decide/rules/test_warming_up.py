from controller.decide.rules.warming_up import check
from controller.domain.verdict import Draft
from controller.domain.veto import Needs, Veto
from tests.support.builders import candidate, instance, later, policy, snapshot


def test_a_newborn_is_given_time() -> None:
    veto = check(candidate(instance(launched_at=later(-100))), Draft(), snapshot(), policy())
    assert veto == Veto("warming_up", "launched 100 s ago, warms up for 300 s", Needs.REPAVE, later(200))


def test_then_it_is_judged() -> None:
    assert check(candidate(instance(launched_at=later(-300))), Draft(), snapshot(), policy()) is None


def test_an_unknown_birth_protects_nobody() -> None:
    assert check(candidate(instance(launched_at=None)), Draft(), snapshot(), policy()) is None
