import pytest

from controller.decide.rules.no_capacity import RULE, check
from controller.domain.lifecycle import Phase
from controller.domain.verdict import Draft
from controller.domain.veto import Needs, Veto
from tests.decide.rules.said_by_platform import passes_on
from tests.support.builders import candidate, draft, group, instance, policy, replacement, snapshot


def test_it_passes_on_what_the_platform_says() -> None:
    passes_on(RULE)


def test_surges_that_are_about_to_come_fill_the_room() -> None:
    seen = snapshot([instance()], [group(desired=6, maximum=7)])
    veto = check(candidate(), draft(instance("i-2")), seen, policy())
    assert veto == Veto(
        "no_capacity", "web has room for 1 more, and of ours 0 are there and 1 about to launch", Needs.REPAVE
    )
    assert check(candidate(), Draft(), seen, policy()) is None


@pytest.mark.parametrize(
    ("phase", "stopped"),
    [(Phase.ACCEPTED, True), (Phase.LAUNCHING, True), (Phase.LAUNCHED, False), (Phase.UNDOING, False)],
)
def test_an_open_replacement_takes_room_until_desired_shows_it(phase: Phase, stopped: bool) -> None:
    opened = replacement(phase=phase, predecessor="i-2")
    seen = snapshot([instance()], [group(desired=6, maximum=7)], open_replacements=(opened,))
    assert (check(candidate(), Draft(), seen, policy()) is not None) is stopped


def test_room_that_our_own_surge_takes_is_ours_to_give_back() -> None:
    full = Veto("no_capacity", "web desires 7 of at most 7", Needs.PERSON)
    opened = replacement(phase=Phase.VERIFYING, predecessor="i-2")
    seen = snapshot([instance()], [group(desired=7, maximum=7, vetoes=(full,))], open_replacements=(opened,))
    reason = "web has room for 0 more, and of ours 1 are there and 0 about to launch"
    assert check(candidate(), Draft(), seen, policy()) == Veto("no_capacity", reason, Needs.REPAVE)
    beyond = snapshot([instance()], [group(desired=8, maximum=7, vetoes=(full,))], open_replacements=(opened,))
    assert check(candidate(), Draft(), beyond, policy()) == full


def test_other_groups_take_no_room_here() -> None:
    opened = replacement(phase=Phase.ACCEPTED, predecessor="i-2", group="api")
    seen = snapshot([instance()], [group(desired=6, maximum=7)], open_replacements=(opened,))
    assert check(candidate(), draft(instance("i-2", group="api")), seen, policy()) is None


def test_launches_that_fail_hold_whatever_room_our_own_surges_leave() -> None:
    failing = Veto("no_capacity", "the last 3 launches of web failed", Needs.WORLD)
    opened = replacement(phase=Phase.LAUNCHED, predecessor="i-2")
    seen = snapshot([instance()], [group(desired=7, maximum=9, vetoes=(failing,))], open_replacements=(opened,))
    assert check(candidate(), Draft(), seen, policy()) is failing
