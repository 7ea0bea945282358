"""docs/vetoes.md tells of every veto: what it means, what clears it, what to do at 3 a.m."""

import re
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from tests.simulation.daemon import RULES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "vetoes.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## `(\w+)`\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE))
WORDS = {1: "**Means**", 2: "**Clears**", 3: "**At 3 a.m.**"}


def tool() -> ModuleType:
    spec = spec_from_file_location("vetoes_doc", ROOT / "tools" / "vetoes_doc.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_table_is_up_to_date() -> None:
    assert tool().page(PAGE) == PAGE, "run `.venv/bin/python tools/vetoes_doc.py`"


@pytest.mark.parametrize("name", sorted(rule.name for rule in RULES))
def test_every_rule_has_its_section(name: str) -> None:
    assert name in SECTIONS, f"docs/vetoes.md does not tell what `{name}` means"
    places = [SECTIONS[name].find(word) for word in WORDS.values()]
    assert -1 not in places, f"the section of `{name}` lacks one of {', '.join(WORDS.values())}"
    assert places == sorted(places)


def test_no_section_tells_of_a_veto_that_is_gone() -> None:
    assert sorted(SECTIONS) == sorted(rule.name for rule in RULES)
