"""docs/json.md shows what is really printed: the keys of its examples are the keys of real documents."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from controller.cli import command
from controller.decide.explain import coverage_json
from controller.domain.memory import Memory
from controller.domain.model import Breaker, Coverage, Hold
from controller.domain.ports import TickRecord
from controller.journal.adapter import JournalAdapter
from tests.cli.conftest import Cloud, repave
from tests.cli.test_journal_commands import NOW, REPORT, looked_at
from tests.journal.material import begun, lease_of
from tests.journal.test_requests import proposal
from tests.record.stories import replaced

__all__ = ["looked_at"]

TEXT = (Path(command.__file__).parents[2] / "docs" / "json.md").read_text(encoding="utf-8")
FREE = {"verdicts", "attributes"}
"""Mappings whose keys are data."""


def examples() -> dict[str, Any]:
    """The documents shown on the page, by their heading's command and their own first keys."""
    shown = {}
    for section in TEXT.split("\n## ")[1:]:
        for block in re.findall(r"```json\n(.*?)```", section, re.DOTALL):
            document = json.loads(block)
            shown[f"{section.splitlines()[0]}: {', '.join(document)}"] = document
    return shown


def keys(document: Any, path: str = "") -> set[str]:
    """Every path of keys in a document; a list stands for its first element."""
    if isinstance(document, list):
        return keys(document[0], path) if document else set()
    if not isinstance(document, dict) or path.rpartition(".")[2] in FREE:
        return set()
    inner = (keys(value, f"{path}.{key}") for key, value in document.items())
    return {f"{path}.{key}" for key in document}.union(*inner)


def example(command_line: str) -> set[str]:
    (found,) = [document for name, document in examples().items() if name.startswith(command_line)]
    return keys(found)


def printed(*arguments: str) -> Any:
    return json.loads(repave(*arguments, "--json").out)


def test_plan(config: Path, aws: Cloud) -> None:
    text = config.read_text()
    config.write_text(text.replace("{name: api,", "{name: gone,"))
    document = printed("plan", "-c", str(config))
    (web,) = document["fleets"]
    web["coverage"] = [coverage_json(Coverage("errors", "metrics_eu", 8, 9, ("web-7",), 1))]
    web["instances"].sort(key=lambda instance: not instance["vetoes"])
    assert keys(document) == example("repave plan --json")


async def test_get(config: Path, looked_at: JournalAdapter) -> None:
    lease = await lease_of(looked_at, at=NOW)
    first, *rest = replaced()
    await begun(looked_at, lease, first)
    await looked_at.append(rest, lease)
    record = TickRecord("web", NOW, "", Memory(), REPORT, proposed=(proposal("r-2", "i-2", NOW),))
    await looked_at.record_tick(record, lease)
    await looked_at.hold(Hold("fleet:web", "x", "alice", NOW))
    await looked_at.open_breaker(Breaker("web", "failing checks", "x", NOW), lease)
    await looked_at.announce("d-1", frozenset({"web"}), 365 * 86400.0, NOW)
    assert keys(printed("get", "fleets", "-c", str(config))) == example(
        "repave get --json: generated_at, config, fleets"
    )
    shown = example("repave get --json: generated_at, requests, replacements")
    assert keys(printed("get", "replacements", "-c", str(config))) == shown
    document = printed("trace", first.replacement_id, "-c", str(config))
    document["spans"].sort(key=lambda span: not span["events"])
    document["spans"][0]["links"] = [{"trace_id": "", "span_id": ""}]
    assert keys(document) == example("repave trace --json")


@pytest.mark.parametrize("name", ["plan", "get", "trace", "demo"])
def test_every_command_with_json_is_on_the_page(name: str) -> None:
    assert f"\n## repave {name} --json\n" in TEXT
