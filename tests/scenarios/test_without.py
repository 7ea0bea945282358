"""Mutants: without any one rule, at least one story is told differently. `make e2e` leaves out each in turn."""

import pytest

from controller.app import plugins
from tests.scenarios.harness.case import ON_AN_ENGINE, Case, all_cases, fired
from tests.scenarios.harness.troupe import Troupe

SAMPLE = ("managed_elsewhere", "no_capacity", "observe_mode")
LONG_ENOUGH_SECONDS = 90 * 60


def rules() -> list[object]:
    """Every rule; all but a sample only in the full matrix."""
    names = [rule.name for rule in plugins.rules() if rule.name not in ON_AN_ENGINE]
    return [name if name in SAMPLE else pytest.param(name, marks=pytest.mark.full_matrix) for name in names]


@pytest.mark.parametrize("rule", rules())
def test_without_it_a_story_is_told_differently(rule: str, troupe: Troupe) -> None:
    telling = [case for case in all_cases() if rule in fired(case.expected)]
    shortest_first = sorted(telling, key=lambda case: len(case.expected))
    assert any(differs(case, rule, troupe) for case in shortest_first), f"nobody notices that {rule} is gone"


def differs(case: Case, rule: str, troupe: Troupe) -> bool:
    """Whether the story ends otherwise, or does not end, when a rule is left out."""
    try:
        return troupe.ask(case, (rule,), LONG_ENOUGH_SECONDS).result() != case.expected
    except TimeoutError:
        return True
