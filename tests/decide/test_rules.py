"""What holds for every rule file, and that rules may be asked in any order."""

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from random import Random
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.decide import rules as rules_package
from controller.decide.judge import judge
from controller.decide.plan import plan
from controller.decide.rule import RuleSpec
from controller.domain.model import Snapshot
from controller.domain.policy import Policy
from controller.domain.verdict import Plan
from tests.decide.arbitrary import policies, snapshots
from tests.simulation.daemon import RULES

MODULES = [module.name for module in iter_modules(rules_package.__path__)]


@pytest.fixture(params=MODULES)
def module(request: pytest.FixtureRequest) -> ModuleType:
    return import_module(f"{rules_package.__name__}.{request.param}")


def test_a_rule_file_exports_one_rule_of_its_own_name(module: ModuleType) -> None:
    assert isinstance(module.RULE, RuleSpec)
    assert module.RULE.name == module.__name__.rpartition(".")[2]


def test_a_rule_is_asked_in_exactly_one_way(module: ModuleType) -> None:
    asked = [module.RULE.check, module.RULE.check_fleet, module.RULE.check_open]
    assert sum(check is not None for check in asked) == 1


def test_a_rule_says_in_one_sentence_what_it_is_for(module: ModuleType) -> None:
    assert module.RULE.summary.endswith(".")
    assert module.RULE.summary.count(".") == 1
    assert module.__doc__


def test_every_rule_has_its_test_file() -> None:
    files = {path.stem for path in (Path(__file__).parent / "rules").glob("test_*.py")}
    assert files == {f"test_{name}" for name in MODULES}


@settings(deadline=None, max_examples=40)
@given(snapshots(), policies())
def test_a_rule_speaks_under_its_own_name_and_in_words(seen: Snapshot, by: Policy) -> None:
    judged = judge(seen, by)
    for rule in RULES:
        alone = plan(seen, judged, by, [rule])
        for held in alone.holds:
            assert all(veto.rule == rule.name and veto.reason for veto in held.vetoes)


def choices(decided: Plan) -> tuple[object, ...]:
    held = {item.candidate.instance.id: frozenset(item.vetoes) for item in decided.holds}
    return [item.instance.id for item in decided.starts], held, decided.next_look_at, decided.settled


@settings(deadline=None, max_examples=60)
@given(snapshots(), policies(), st.integers(0, 10**6))
def test_the_order_of_the_rules_never_matters(seen: Snapshot, by: Policy, seed: int) -> None:
    shuffled = list(RULES)
    Random(seed).shuffle(shuffled)
    judged = judge(seen, by)
    assert choices(plan(seen, judged, by, RULES)) == choices(plan(seen, judged, by, shuffled))
