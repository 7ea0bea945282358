"""The OpenAPI 3.1 document, written from the table of routes and their models."""

import re
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from controller.operations.documents import ReplacementEvent, TickEvent
from controller.web.problem import CONTENT_TYPE, ProblemDocument
from controller.web.routes import PREFIX, Route

ABOUT = """\
Reading needs no token on a loopback address for as long as none is configured; changing something always needs one that
may `operate`. Who signed in at a load balancer that the configuration trusts needs none. A later version may add keys
to any answer."""

ALWAYS = {
    "400": "The request cannot be read.",
    "401": "A token is missing or not known, or the load balancer's word is not taken.",
    "403": "Who asks may not do this, or another site's page asks, or the Host is not this machine's.",
    "422": "What was sent cannot be used.",
    "429": "Too many unknown tokens from this address.",
    "503": "The journal or the load balancer's keys are not there, or too much is asked at once; see `Retry-After`.",
}
SOMEBODY: list[dict[str, list[str]]] = [{"token": []}, {"load_balancer": []}]
WITH_BODY = {"413": "The body is too large.", "415": "The body is not application/json."}
CONFLICT = {"409": "It does not fit how things stand: it was said already, or it is too late."}
MISSING = {"404": "There is nothing of that name; the nearest names are in `detail`."}


def openapi(routes: Iterable[Route], version: str) -> dict[str, Any]:
    """The document. version: of the program."""
    table = tuple(routes)
    models: list[tuple[type[BaseModel], Any]] = [(route.answer, "serialization") for route in table]
    models += [(route.body, "validation") for route in table if route.body]
    models += [(model, "serialization") for model in (ProblemDocument, TickEvent, ReplacementEvent)]
    refs, schema = models_json_schema(list(dict.fromkeys(models)), ref_template="#/components/schemas/{model}")
    paths: dict[str, dict[str, Any]] = {}
    for route in table:
        paths.setdefault(f"{PREFIX}{route.path}", {})[route.method.lower()] = _operation(route, refs)
    paths[f"{PREFIX}/events"] = {"get": _events()}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Repave", "version": version, "description": ABOUT},
        "security": [{}, *SOMEBODY],
        "paths": paths,
        "components": {
            "schemas": schema["$defs"],
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "load_balancer": {"type": "apiKey", "in": "header", "name": "x-amzn-oidc-data"},
            },
        },
    }


def _operation(route: Route, refs: Any) -> dict[str, Any]:
    errors = {**ALWAYS, **(WITH_BODY if route.body else {}), **(MISSING if route.missing else {})}
    errors |= CONFLICT if route.conflict else {}
    answer = {"description": route.summary, "content": _json(refs[route.answer, "serialization"])}
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "x-repave-may": route.may.value,
        "responses": {
            str(route.status): answer,
            **{status: _error(what) for status, what in sorted(errors.items())},
        },
    }
    if route.detail:
        operation["description"] = route.detail
    parameters = [*_in_path(route), *_in_query(route)]
    if parameters:
        operation["parameters"] = parameters
    if route.body:
        operation["requestBody"] = {"required": True, "content": _json(refs[route.body, "validation"])}
    if route.may.value == "operate":
        operation["security"] = SOMEBODY
    return operation


def _json(schema: Any) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _error(what: str) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{ProblemDocument.__name__}"}
    return {"description": what, "content": {CONTENT_TYPE: {"schema": schema}}}


def _in_path(route: Route) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": route.parameters[name],
            "schema": {"type": "string", "maxLength": 200},
        }
        for name in re.findall(r"{(\w+)}", route.path)
    ]


def _in_query(route: Route) -> list[dict[str, Any]]:
    properties = route.query.model_json_schema().get("properties", {})
    return [
        {
            "name": name,
            "in": "query",
            "required": False,
            "description": schema.get("description", ""),
            "schema": {key: value for key, value in schema.items() if key not in ("description", "title")},
        }
        for name, schema in properties.items()
    ]


def _events() -> dict[str, Any]:
    names = ("TickEvent", "ReplacementEvent")
    return {
        "operationId": "getEvents",
        "summary": "What this daemon does, as it happens: server-sent events `tick` and `replacement`.",
        "description": "The data of each event is one JSON document. Comments keep the connection alive. A client that "
        "reads too slowly is cut off; connect again and read what was missed with the other operations.",
        "x-repave-may": "read",
        "responses": {
            "200": {
                "description": "A stream that ends with the daemon.",
                "content": {
                    "text/event-stream": {
                        "schema": {"anyOf": [{"$ref": f"#/components/schemas/{name}"} for name in names]}
                    }
                },
            },
            **{status: _error(ALWAYS[status]) for status in ("401", "403", "429", "503")},
        },
    }
