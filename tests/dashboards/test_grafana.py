"""Grafana's dashboards: every query is sound and asks for what there is, and every panel says what it means."""

import json
import re
from pathlib import Path

import pytest
from grafana_foundation_sdk.models.dashboard import Dashboard

from tests.dashboards.reading import Asked, board, expressions, panels, rules, unknown_names
from tests.support.promtool import promtool
from tools.dashboards.prometheus_rules import wrapped

BOARDS = ("overview", "fleet")
VALUES = {"job": "repave", "fleet": "web", "__rate_interval": "1m"}
ASKED = [*(asked for name in BOARDS for asked in expressions(board(name))), *rules()]


def checked(folder: Path, queries: list[str]) -> str:
    """What promtool says of these expressions; empty when all are sound."""
    path = folder / "expressions.yml"
    path.write_text(wrapped(queries), encoding="utf-8")
    said = promtool("check", "rules", path)
    return "" if said.ok else said.text


def test_every_expression_is_sound(tmp_path: Path) -> None:
    assert len(ASKED) > 80
    assert checked(tmp_path, [asked.with_values(VALUES) for asked in ASKED]) == ""


@pytest.mark.parametrize(
    "bad",
    [
        "sum(rate(repave_ticks_total))",
        "histogram_quantile(0.5, repave_ticks_total",
        "max by (fleet) (repave_fleet_info) or",
        "increase(repave_fleet_info{fleet=web}[1h])",
    ],
)
def test_a_planted_bad_query_is_found(tmp_path: Path, bad: str) -> None:
    assert "could not parse expression" in checked(tmp_path, [*(asked.with_values(VALUES) for asked in ASKED), bad])


def test_every_expression_names_what_there_is() -> None:
    assert [problem for asked in ASKED for problem in unknown_names(asked)] == []


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        (Asked("x", "sum(repave_fleet_instance)"), "there is no metric repave_fleet_instance"),
        (Asked("x", "repave_ticks"), "there is no metric repave_ticks"),
        (Asked("x", 'repave_fleet_instances{kind="blind"}'), "repave_fleet_instances has no label kind"),
        (Asked("x", "sum by (verdicts) (repave_fleet_instances)"), "nothing has the label verdicts"),
        (Asked("x", "sum by (fleet) (repave_fleet_holds)", frozenset({"rule"})), "the label rule is lost on the way"),
    ],
)
def test_a_planted_unknown_name_is_found(asked: Asked, problem: str) -> None:
    assert unknown_names(asked) == [f"x: {problem}"]


@pytest.mark.parametrize("name", BOARDS)
def test_variables_ask_for_what_there_is(name: str) -> None:
    variables = {item["name"]: item for item in board(name)["templating"]["list"]}
    assert list(variables) == ["datasource", "traces", "job", *(["fleet", "replacement"] if name == "fleet" else [])]
    asked = [item for item in variables.values() if item["type"] == "query"]
    for item in asked:
        found = re.fullmatch(r"label_values\((.*), (\w+)\)", item["query"])
        assert found is not None
        assert unknown_names(Asked(name, f"max by ({found[2]}) ({found[1]})")) == []
        assert item["datasource"] == {"type": "prometheus", "uid": "${datasource}"}


@pytest.mark.parametrize("name", BOARDS)
def test_a_dashboard_is_as_grafana_reads_it_and_can_be_moved_anywhere(name: str) -> None:
    document = board(name)
    assert Dashboard.from_json(document).uid == f"repave-{name}"
    text = json.dumps(document)
    assert "://" not in text
    ids = [item["id"] for item in document["panels"]]
    assert len(ids) == len(set(ids))
    for item in panels(document):
        assert item["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        assert item["description"].endswith(".")
        assert item["targets"]
        assert len({target["refId"] for target in item["targets"]}) == len(item["targets"])


@pytest.mark.parametrize("name", BOARDS)
def test_no_two_panels_of_a_row_lie_upon_each_other(name: str) -> None:
    taken: set[tuple[int, int]] = set()
    for item in board(name)["panels"]:
        place = item["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not taken & cells, item["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells


def test_series_that_are_fleets_lead_to_their_dashboard() -> None:
    """It takes along what was picked above: sources, installation, time."""
    links = [
        link["url"]
        for item in panels(board("overview"))
        for link in item.get("fieldConfig", {}).get("defaults", {}).get("links", [])
    ]
    assert len(links) > 5
    url = "/d/repave-fleet?${__all_variables}&${__url_time_range}&var-fleet=${__field.labels.fleet}"
    assert set(links) == {url}
    assert not any(item.get("fieldConfig", {}).get("defaults", {}).get("links") for item in panels(board("fleet")))


def test_the_fleets_dashboard_leads_to_its_traces() -> None:
    links = {link["title"]: link.get("url", "") for link in board("fleet")["links"]}
    assert "span.repave.fleet" in links["Traces of its replacements"]
    assert "${fleet}" in links["Traces of its replacements"]
    assert "span.repave.replacement.id" in links["The trace of one replacement"]
    assert "${replacement}" in links["The trace of one replacement"]
    assert all("${traces}" in url for title, url in links.items() if "race" in title)
