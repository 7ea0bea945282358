"""The goldens leave nothing out: every veto fires in one, every end and every verification is reached in one."""

import re

from controller.app import plugins
from controller.decide.verify import Verification
from controller.domain.lifecycle import Outcome
from tests.scenarios.harness.case import all_cases, fired

GOLDENS = "\n".join(case.expected for case in all_cases())


def test_every_veto_fires_in_a_story() -> None:
    rules = {rule.name for rule in plugins.rules()}
    assert rules - fired(GOLDENS) == set(), "no story tells of these"
    assert fired(GOLDENS) - rules == set(), "these are no rules"


def test_every_outcome_is_reached_in_a_story() -> None:
    assert set(re.findall(r"  outcome (\w+)", GOLDENS)) >= {outcome.value for outcome in Outcome}


def test_every_verification_is_reached_in_a_story() -> None:
    assert set(re.findall(r", verification (\w+)", GOLDENS)) == {verification.value for verification in Verification}


def test_every_golden_was_told_by_its_story() -> None:
    assert [case.name for case in all_cases() if not case.expected.startswith(case.story().story[:40])] == []
