"""The goldens leave nothing out: every veto fires in one, every end and every verification is reached in one.

The stories' world is an embedded AWS. What only another platform says is told on a real engine instead, by name.
"""

import importlib
import inspect
import re

from controller.app import plugins
from controller.decide.verify import Verification
from controller.domain.lifecycle import Outcome
from tests.scenarios.harness.case import ON_AN_ENGINE, all_cases, fired

GOLDENS = "\n".join(case.expected for case in all_cases())


def test_every_veto_fires_in_a_story() -> None:
    rules = {rule.name for rule in plugins.rules()}
    assert rules - fired(GOLDENS) - ON_AN_ENGINE.keys() == set(), "no story tells of these"
    assert fired(GOLDENS) - rules == set(), "these are no rules"


def test_what_is_told_on_an_engine_is_told_there_and_nowhere_else() -> None:
    assert ON_AN_ENGINE.keys() & fired(GOLDENS) == set(), "a story tells of these as well"
    for rule, (module, name) in ON_AN_ENGINE.items():
        told = getattr(importlib.import_module(module), name)
        assert inspect.iscoroutinefunction(told)
        assert not getattr(told, "pytestmark", []), f"{name} of {module} may not run everywhere"
        text = inspect.getsource(told)
        assert f'"{rule}"' in text, f"{name} of {module} does not look for {rule}"
        assert f'without={{"{rule}"}}' in text, f"{name} of {module} does not look without {rule}"


def test_every_outcome_is_reached_in_a_story() -> None:
    assert set(re.findall(r"  outcome (\w+)", GOLDENS)) >= {outcome.value for outcome in Outcome}


def test_every_verification_is_reached_in_a_story() -> None:
    assert set(re.findall(r", verification (\w+)", GOLDENS)) == {verification.value for verification in Verification}


def test_every_golden_was_told_by_its_story() -> None:
    assert [case.name for case in all_cases() if not case.expected.startswith(case.story().story[:40])] == []
