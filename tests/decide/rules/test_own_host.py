from controller.decide.rules.own_host import check
from controller.domain.verdict import Draft
from controller.domain.veto import Needs, Veto
from tests.support.builders import candidate, instance, policy, snapshot


def test_the_host_of_the_daemon_is_left_to_a_person() -> None:
    veto = check(candidate(), Draft(), snapshot([instance()], own_instances=frozenset({"i-1"})), policy())
    assert veto == Veto("own_host", "this daemon runs on i-1", Needs.PERSON)


def test_any_other_host_is_not() -> None:
    assert check(candidate(), Draft(), snapshot([instance()], own_instances=frozenset({"i-2"})), policy()) is None
    assert check(candidate(), Draft(), snapshot([instance()]), policy()) is None


def test_the_daemons_own_container_is_known_by_any_of_its_names() -> None:
    member = instance("0a1b2c3d4e5f", names=("repave", "0a1b2c3d4e5f" + "0" * 52, "10.0.0.2"))
    for name in ("0a1b2c3d4e5f", *member.names):
        seen = snapshot([member], own_instances=frozenset({name, "i-9"}))
        assert check(candidate(member), Draft(), seen, policy()) is not None
