from controller.decide.rules.own_host import check
from controller.domain.verdict import Draft
from controller.domain.veto import Needs, Veto
from tests.support.builders import candidate, instance, policy, snapshot


def test_the_host_of_the_daemon_is_left_to_a_person() -> None:
    veto = check(candidate(), Draft(), snapshot([instance()], own_instance="i-1"), policy())
    assert veto == Veto("own_host", "this daemon runs on i-1", Needs.PERSON)


def test_any_other_host_is_not() -> None:
    assert check(candidate(), Draft(), snapshot([instance()], own_instance="i-2"), policy()) is None
    assert check(candidate(), Draft(), snapshot([instance()]), policy()) is None
