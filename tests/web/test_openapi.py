"""The OpenAPI document says what there is: every route, every model, every error."""

import re
from typing import Any

from controller.record.document import TraceDocument
from controller.web.openapi import openapi
from controller.web.routes import PREFIX, routes
from tests.house.project import ROOT
from tests.web.api_page import page
from tests.web.conftest import READER, Served

TABLE = routes(TraceDocument)
DOCUMENT = openapi(TABLE, "1.2.3")


def refs(part: Any) -> set[str]:
    if isinstance(part, dict):
        own = {part["$ref"]} if isinstance(part.get("$ref"), str) else set()
        return own.union(*(refs(value) for value in part.values()))
    return set().union(*(refs(item) for item in part)) if isinstance(part, list) else set()


async def test_it_is_served(served: Served) -> None:
    status, document = await served.get("/openapi.json", token=READER)
    assert (status, document) == (200, DOCUMENT)


async def test_it_names_exactly_the_routes_that_are_served(served: Served) -> None:
    app = served.server._runner.app
    real = {
        (route.method, route.resource.canonical)
        for route in app.router.routes()
        if route.resource and route.resource.canonical.startswith(PREFIX)
    }
    told = {(method.upper(), path) for path, item in DOCUMENT["paths"].items() for method in item}
    assert told == real - {("GET", f"{PREFIX}/openapi.json")}


def test_every_reference_leads_somewhere() -> None:
    known = {f"#/components/schemas/{name}" for name in DOCUMENT["components"]["schemas"]}
    assert refs(DOCUMENT) <= known
    assert refs(DOCUMENT) >= {f"#/components/schemas/{name}" for name in ("Plan", "ProblemDocument", "TickEvent")}


def test_every_operation_is_described_and_says_its_errors() -> None:
    operations = [item for path in DOCUMENT["paths"].values() for item in path.values()]
    ids = [item["operationId"] for item in operations]
    assert len(set(ids)) == len(ids)
    for item in operations:
        assert re.fullmatch(r".+\.", item["summary"])
        assert {"401", "403", "503"} <= item["responses"].keys()
    for route in TABLE:
        item = DOCUMENT["paths"][PREFIX + route.path][route.method.lower()]
        assert ("security" in item) == (route.may.value == "operate")
        assert ("404" in item["responses"]) == route.missing
        assert ("409" in item["responses"]) == route.conflict
        named = [parameter["name"] for parameter in item.get("parameters", ()) if parameter["in"] == "path"]
        assert named == re.findall(r"{(\w+)}", route.path)


def test_the_docs_are_up_to_date() -> None:
    shown = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    assert shown == page(), "docs/api.md is out of date: `python -m tests.web.api_page > docs/api.md`"
