"""The models are what is really said: every decision fits them, and so does every example in docs/json.md."""

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from pydantic import BaseModel

from controller.decide.explain import explain
from controller.decide.judge import judge
from controller.decide.plan import plan
from controller.domain.model import Snapshot
from controller.domain.policy import Policy
from controller.operations import documents
from controller.operations.documents import Document, PlannedFleet
from controller.record.document import TraceDocument
from tests.decide.arbitrary import policies, snapshots
from tests.house.project import ROOT
from tests.simulation.daemon import RULES
from tests.support.documents import undeclared

PAGE = (ROOT / "docs" / "json.md").read_text(encoding="utf-8")

EXAMPLES: dict[tuple[str, str], type[BaseModel]] = {
    ("plan", "fleets"): documents.Plan,
    ("get", "fleets"): documents.Fleets,
    ("get", "replacements"): documents.Replacements,
    ("trace", "spans"): TraceDocument,
}


def shown(command: str, key: str) -> Any:
    """The example of that command with that key."""
    section = PAGE.partition(f"\n## repave {command} --json\n")[2].partition("\n## ")[0]
    blocks = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", section, re.DOTALL)]
    (found,) = [block for block in blocks if key in block]
    return found


def with_times(part: Any) -> Any:
    """Where the page leaves a time out with dots, a time."""
    if isinstance(part, dict):
        return {key: with_times(value) for key, value in part.items()}
    if isinstance(part, list):
        return [with_times(item) for item in part]
    return "2026-11-23T12:00:00Z" if part == "..." else part


@given(snapshots(), policies())
@settings(max_examples=60, deadline=None)
def test_whatever_is_decided_is_what_the_models_say(present: Snapshot, declared: Policy) -> None:
    judgement = judge(present, declared)
    report = explain(present, judgement, plan(present, judgement, declared, RULES), declared)
    model = PlannedFleet.model_validate(json.loads(json.dumps(report)))
    assert undeclared(model) == [], "explain.py says more than operations/documents.py describes"


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_pages_examples_are_whole_and_have_nothing_of_their_own(example: tuple[str, str]) -> None:
    model = EXAMPLES[example].model_validate(with_times(shown(*example)))
    assert undeclared(model) == []


def test_the_page_names_every_key_of_every_model() -> None:
    keys = {
        key
        for model in vars(documents).values()
        if isinstance(model, type) and issubclass(model, Document)
        for key in model.model_fields
    }
    unsaid = {key for key in keys if f"`{key}`" not in PAGE and f'"{key}"' not in PAGE}
    assert unsaid == set()
