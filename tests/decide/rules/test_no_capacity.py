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
    assert veto == Veto("no_capacity", "web has room for 1 more, and 1 are about to launch", Needs.REPAVE)
    assert check(candidate(), Draft(), seen, policy()) is None


@pytest.mark.parametrize(
    ("phase", "stopped"),
    [(Phase.ACCEPTED, True), (Phase.LAUNCHING, True), (Phase.LAUNCHED, False), (Phase.UNDOING, False)],
)
def test_an_open_replacement_takes_room_until_desired_shows_it(phase: Phase, stopped: bool) -> None:
    opened = replacement(phase=phase, predecessor="i-2")
    seen = snapshot([instance()], [group(desired=6, maximum=7)], open_replacements=(opened,))
    assert (check(candidate(), Draft(), seen, policy()) is not None) is stopped


def test_other_groups_take_no_room_here() -> None:
    opened = replacement(phase=Phase.ACCEPTED, predecessor="i-2", group="api")
    seen = snapshot([instance()], [group(desired=6, maximum=7)], open_replacements=(opened,))
    assert check(candidate(), draft(instance("i-2", group="api")), seen, policy()) is None
