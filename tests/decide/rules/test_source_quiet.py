from controller.decide.rules.source_quiet import check_fleet
from controller.domain.model import Instance, InstanceState, Unknown
from controller.domain.veto import Needs, Veto
from tests.support.builders import ERRORS, all_fine, instance, instances, judgement, later, policy, snapshot


def said(quiet: int, members: tuple[Instance, ...]) -> Veto | None:
    """The first so many have no row under `errors`."""
    signals = all_fine(members) | {(member.id, "errors"): Unknown("no row") for member in members[:quiet]}
    return check_fleet(snapshot(members, signals=signals), judgement(members), policy())


def test_a_source_that_is_quiet_for_much_of_the_fleet_is_the_fault() -> None:
    sentence = "errors is unknown for 3 of 10 instances, more than 20%"
    assert said(3, instances(10)) == Veto("source_quiet", sentence, Needs.WORLD)


def test_a_few_silent_instances_are_their_own_matter() -> None:
    assert said(2, instances(10)) is None
    assert said(1, instances(2)) is None
    assert said(0, ()) is None


def test_two_silent_ones_of_a_small_fleet_are_much_of_it() -> None:
    assert said(2, instances(9)) is not None


def test_who_warms_up_or_does_not_serve_is_not_counted() -> None:
    members = instances(8)
    young = tuple(instance(f"i-{n}", launched_at=later(-10)) for n in (11, 12, 13))
    idle = tuple(instance(f"i-{n}", state=InstanceState.STANDBY) for n in (21, 22, 23))
    assert said(6, (*young, *idle, *members)) is None
    veto = said(8, (*young, *idle, *members))
    assert veto is not None
    assert veto.reason == "errors is unknown for 2 of 8 instances, more than 20%"


def test_what_nobody_asked_is_quiet_too() -> None:
    veto = check_fleet(snapshot(instances(3)), judgement([]), policy(ERRORS))
    assert veto is not None
    assert veto.reason == "errors is unknown for 3 of 3 instances, more than 20%"


def test_a_source_that_speaks_again_and_lacks_what_lies_before_is_not_quiet() -> None:
    members = instances(10)
    settling = {(member.id, "errors"): Unknown("not watched before", settling=True) for member in members}
    assert check_fleet(snapshot(members, signals=all_fine(members) | settling), judgement(members), policy()) is None
    quiet = {(member.id, "errors"): Unknown("no row") for member in members[:3]}
    assert check_fleet(snapshot(members, signals=all_fine(members) | settling | quiet), judgement(members), policy())
