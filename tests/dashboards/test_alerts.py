"""Prometheus' alerts, by its own tool: each fires where it should and nowhere else, and each test would notice."""

import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from controller.record.fleet_metrics import STOPS
from tests.house.project import ROOT
from tests.support.promtool import promtool
from tools.dashboards.alerts import STOPPING, Severity, alerts
from tools.dashboards.prometheus_rules import as_yaml
from tools.dashboards.site import Site

FOLDER = ROOT / "deploy" / "alerts" / "prometheus"
ALERTS = tuple(alerts(Site()))
NAMES = {
    *("RepaveDown", "RepaveNotLooking", "RepaveJournalDown", "RepaveStopped"),
    *("RepaveStuck", "RepaveBlind", "RepaveConfigRefused", "RepaveTracesNotDelivered"),
}


def written() -> dict[str, Any]:
    document: dict[str, Any] = YAML(typ="safe").load((FOLDER / "repave.rules.yml").read_text(encoding="utf-8"))
    return document


def judged(folder: Path, rules: dict[str, Any]) -> str:
    """What promtool says of these rules under the tests that lie beside the real ones; empty when all is well."""
    (folder / "repave.rules.yml").write_text(as_yaml(rules), encoding="utf-8")
    (folder / "repave.test.yml").write_bytes((FOLDER / "repave.test.yml").read_bytes())
    said = promtool("test", "rules", folder / "repave.test.yml")
    return "" if said.ok else said.text


def test_the_rules_are_sound() -> None:
    said = promtool("check", "rules", "--lint=all", "--lint-fatal", FOLDER / "repave.rules.yml")
    assert said.ok, said.text


def test_a_planted_mistake_is_found(tmp_path: Path) -> None:
    rules = written()
    rules["groups"][0]["rules"][0]["expr"] += " by (job"
    (tmp_path / "bad.yml").write_text(as_yaml(rules), encoding="utf-8")
    said = promtool("check", "rules", tmp_path / "bad.yml")
    assert not said.ok
    assert "could not parse expression" in said.text


def test_every_alert_fires_where_it_should_and_nowhere_else(tmp_path: Path) -> None:
    assert judged(tmp_path, written()) == ""


def test_everything_that_was_promised_is_there_and_says_what_to_do() -> None:
    assert {alert.name for alert in ALERTS} == NAMES
    for rule in written()["groups"][0]["rules"]:
        assert rule["labels"]["severity"] in set(Severity)
        assert rule["annotations"]["runbook_url"] == f"docs/runbook.md#{rule['alert'].lower()}"
        for text in (rule["annotations"]["summary"], rule["annotations"]["description"]):
            assert "\n" not in text
            assert not re.search(r"\$labels\.(?!fleet|rule)", text)


def test_the_runbook_tells_of_every_alert_and_of_no_other() -> None:
    headings = re.findall(r"^## (Repave\w+)$", (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(headings) == NAMES


def test_every_rule_that_stops_a_fleet_has_its_alert_but_one_that_the_world_ends() -> None:
    assert set(STOPS) - set(STOPPING) == {"hold_while", "journal_lost", "source_quiet"}


SAMPLE = {"RepaveNotLooking/late", "RepaveStopped"}


def cases() -> list[Any]:
    """Every rule, some of them in every build."""
    found = [f"{alert.name}/{alert.sign}".rstrip("/") for alert in ALERTS]
    marks = [() if name in SAMPLE else (pytest.mark.full_matrix,) for name in found]
    return [pytest.param(n, id=name, marks=marks[n]) for n, name in enumerate(found)]


@pytest.mark.parametrize("number", cases())
def test_planted_an_alert_that_fires_at_once_or_never_is_noticed(tmp_path: Path, number: int) -> None:
    """Both edges of each alert are tested: without its patience, and without its threshold, the tests are red."""
    name = ALERTS[number].name
    hasty = written()
    rule = hasty["groups"][0]["rules"][number]
    if rule["for"] != "0m":
        rule["for"] = "0m"
        assert name in judged(tmp_path, hasty)
    mute = written()
    rule = mute["groups"][0]["rules"][number]
    rule["expr"] = f"({rule['expr']}) and vector(1) == 0"
    assert name in judged(tmp_path, mute)
    always = written()
    rule = always["groups"][0]["rules"][number]
    rule["expr"] = re.sub(r"> (\S+)$", "> -1", rule["expr"].replace(" == 1", " >= 0").replace(" == 0", " >= 0"))
    if rule["expr"] != ALERTS[number].expression:
        assert name in judged(tmp_path, always)
