"""Whoever is called by an alert finds its section in the runbook, and no section is without an alert."""

import json
import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
RUNBOOK = ROOT / "docs" / "runbook.md"
TEXT = RUNBOOK.read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (Repave\w+)\n(.*?)(?=^## |\Z)", TEXT, re.DOTALL | re.MULTILINE))
PARTS = ("**Means**", "**How bad:**", "**Look at**", "**Do**", "**Do not**")


def alerts() -> dict[str, set[str]]:
    """Every alert for Prometheus, with the places of the runbook that it names."""
    found: dict[str, set[str]] = {}
    for path in (ROOT / "deploy" / "alerts").rglob("*.rules.yml"):
        for group in YAML(typ="safe").load(path)["groups"]:
            for rule in group["rules"]:
                found.setdefault(rule["alert"], set()).add(rule["annotations"]["runbook_url"])
    return found


def conditions() -> list[tuple[str, str]]:
    """Every condition for New Relic: the alert that it stands for, and the runbook page that it names."""
    read = (json.loads(path.read_text()) for path in (ROOT / "deploy" / "alerts" / "newrelic").glob("Repave*.json"))
    return [(one["condition"]["name"].partition(" ")[0], one["condition"]["runbookUrl"]) for one in read]


ALERTS = alerts()


def test_every_alert_has_its_section_and_every_section_its_alert() -> None:
    assert len(ALERTS) >= 6
    assert set(SECTIONS) == set(ALERTS)


@pytest.mark.parametrize("name", sorted(ALERTS))
def test_the_alert_leads_there(name: str) -> None:
    assert ALERTS[name] == {f"docs/runbook.md#{name.lower()}"}


def test_those_of_new_relic_are_the_same_and_lead_there() -> None:
    assert {name for name, _ in conditions()} == set(ALERTS)
    assert {url for name, url in conditions() if url != f"docs/runbook.md#{name.lower()}"} == set()


@pytest.mark.parametrize("name", sorted(SECTIONS))
def test_a_section_says_all_that_is_needed(name: str) -> None:
    """What it means, how bad it is, what to look at, what to do, what not to do; and at least one command."""
    assert [part for part in PARTS if part not in SECTIONS[name]] == []
    assert re.search(r"^    \$ ", SECTIONS[name], re.MULTILINE), "no command to look with"


def test_stopping_comes_first() -> None:
    assert re.findall(r"^## (.*)$", TEXT, re.MULTILINE)[0] == "Stop everything"
