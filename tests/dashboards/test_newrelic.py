"""New Relic's dashboard and alerts: NerdGraph's own types take them, and every query asks for what is really there."""

import json
from copy import deepcopy
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLSchema

from tests.dashboards.carried import of_events, of_spans
from tests.dashboards.nerdgraph import problems, schema, variables_of
from tests.dashboards.nrql import FUNCTIONS, read
from tests.house.project import ROOT
from tools.dashboards.alerts import alerts
from tools.dashboards.newrelic.conditions import conditions
from tools.dashboards.site import Site

DASHBOARDS, ALERTS = ROOT / "deploy/dashboards/newrelic", ROOT / "deploy/alerts/newrelic"
CONDITIONS = sorted(ALERTS.glob("Repave*.json"))
Json = dict[str, Any]


@pytest.fixture(scope="module")
def types() -> GraphQLSchema:
    return schema()


def mutation(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def dashboard() -> Json:
    return variables_of(DASHBOARDS / "repave.json")


def widgets(document: Json) -> list[Json]:
    return [widget for page in document["dashboard"]["pages"] for widget in page["widgets"]]


def queries() -> dict[str, str]:
    """Where a query stands -> the query."""
    found: dict[str, str] = {}
    for page in dashboard()["dashboard"]["pages"]:
        for widget in page["widgets"]:
            (shape,) = widget["configuration"].values()
            found |= {f"{page['name']}: {widget['title']}": one["query"] for one in shape["nrqlQueries"]}
    found |= {one["name"]: one["nrqlQuery"]["query"] for one in dashboard()["dashboard"]["variables"]}
    return found | {path.stem: variables_of(path)["condition"]["nrql"]["query"] for path in CONDITIONS}


def test_nerdgraph_takes_the_dashboard(types: GraphQLSchema) -> None:
    assert problems(types, mutation(DASHBOARDS / "create.graphql"), dashboard()) == []


def test_nerdgraph_takes_the_policy(types: GraphQLSchema) -> None:
    asked = variables_of(ALERTS / "policy.json")
    assert problems(types, mutation(ALERTS / "create_policy.graphql"), asked) == []


@pytest.mark.parametrize("path", CONDITIONS, ids=lambda path: path.stem)
def test_nerdgraph_takes_a_condition(types: GraphQLSchema, path: Path) -> None:
    asked = {"policyId": "1", **variables_of(path)}
    assert problems(types, mutation(ALERTS / "create_condition.graphql"), asked) == []


@pytest.mark.parametrize(
    ("place", "value", "problem"),
    [
        (("dashboard", "pages", 0, "widgets", 0, "titel"), "x", "titel"),
        (("dashboard", "permissions"), "PUBLIC", "Value 'PUBLIC' does not exist in 'DashboardPermissions' enum"),
        (("dashboard", "pages", 0, "widgets", 0, "layout", "row"), "1", "Int cannot represent non-integer value: '1'"),
        (("dashboard", "pages", 0, "name"), None, "Expected value of non-null type 'String!' not to be None"),
        (("dashbord",), {}, "nobody asks for $dashbord"),
    ],
)
def test_a_planted_mistake_is_found(
    types: GraphQLSchema, place: tuple[str | int, ...], value: Any, problem: str
) -> None:
    asked: Any = deepcopy(dashboard())
    spot = asked
    for step in place[:-1]:
        spot = spot[step]
    spot[place[-1]] = value
    found = problems(types, mutation(DASHBOARDS / "create.graphql"), asked)
    assert any(problem in one for one in found), found


def test_a_planted_mistake_in_a_mutation_is_found(types: GraphQLSchema) -> None:
    asked = mutation(ALERTS / "create_policy.graphql").replace("policy: $policy", "polciy: $policy")
    found = problems(types, asked, variables_of(ALERTS / "policy.json"))
    assert any("Unknown argument 'polciy'" in one for one in found), found


@cache
def carried() -> tuple[dict[str, frozenset[str]], dict[str, frozenset[str]]]:
    return dict(of_spans()), dict(of_events())


def unknown(query: str) -> list[str]:
    """Attributes that nothing of this kind carries, functions that are none, and kinds that nobody sends."""
    found, (spans, events) = read(query), carried()
    there = spans.get(found.root) if found.kind == "Span" else events.get(found.kind)
    if there is None:
        return [f"nobody sends {found.kind} {found.root}".rstrip()]
    return sorted(found.attributes - there) + sorted(found.functions - FUNCTIONS)


@pytest.mark.parametrize(("where", "query"), queries().items(), ids=queries())
def test_a_query_asks_for_what_is_there(where: str, query: str) -> None:
    assert unknown(query) == [], where


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("SELECT count(*) FROM Span WHERE name LIKE 'replace %' FACET repave.cause", "repave.cause"),
        ("SELECT max(blind_share) FROM RepaveFleet FACET fleet", "blind_share"),
        ("SELECT median(seconds) FROM RepaveReplacement", "median"),
        ("SELECT count(*) FROM RepaveFleets", "nobody sends RepaveFleets"),
        ("SELECT count(*) FROM Span WHERE name LIKE 'replaced %'", "nobody sends Span replaced"),
    ],
)
def test_a_planted_unknown_name_is_found(query: str, problem: str) -> None:
    assert unknown(query) == [problem]


def test_what_is_no_query_is_refused() -> None:
    for bad in ("count(*) FROM RepaveFleet", "SELECT count(* FROM RepaveFleet", "SELECT 1", "SELECT a FROM B FROM C"):
        with pytest.raises(ValueError, match="no NRQL"):
            read(bad)


def test_new_relic_has_the_alerts_that_prometheus_has() -> None:
    """But `gone`: where nothing is told any more, RepaveDown opens by the loss of its signal."""
    ours = {(one.name, one.sign, one.severity) for one in conditions()}
    theirs = {(one.name, one.sign, one.severity) for one in alerts(Site())}
    assert theirs - ours == {(name, sign, severity) for name, sign, severity in theirs if sign == "gone"}
    assert ours <= theirs
    (down,) = (variables_of(path)["condition"] for path in CONDITIONS if path.stem == "RepaveDown")
    assert down["expiration"]["openViolationOnExpiration"]


def test_conditions_keep_to_new_relics_bounds() -> None:
    """A duration is a multiple of the window and a day at most; a window slides within itself."""
    for path in CONDITIONS:
        condition = variables_of(path)["condition"]
        window, (term,) = condition["signal"]["aggregationWindow"], condition["terms"]
        assert term["thresholdDuration"] % window == 0
        assert window <= term["thresholdDuration"] <= 86_400
        assert condition["signal"].get("slideBy", window) <= window
        assert condition["runbookUrl"] == f"docs/runbook.md#{path.stem.partition('-')[0].lower()}"


def test_widgets_do_not_lie_upon_each_other_and_nothing_names_an_account() -> None:
    for page in dashboard()["dashboard"]["pages"]:
        cells = [
            {(place["column"] + x, place["row"] + y) for x in range(place["width"]) for y in range(place["height"])}
            for place in (widget["layout"] for widget in page["widgets"])
        ]
        assert len(set().union(*cells)) == sum(map(len, cells)), page["name"]
        assert max(column for column, _ in chain(*cells)) <= 12
    for path in chain(DASHBOARDS.glob("*.json"), ALERTS.glob("*.json")):
        assert json.loads(path.read_text(encoding="utf-8"))["accountId"] == 0
