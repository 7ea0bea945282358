"""The API as one table: from it come the routes, the checks of what is sent, and the OpenAPI document."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from controller.operations import documents as doc
from controller.web.access import May
from controller.web.asked import Answers, Drawn, Limited, NewHold, NoQuery, Nothing, OfFleet, PerhapsWhy, Sent, Why

PREFIX = "/api/v1"


@dataclass(frozen=True, slots=True)
class Call:
    """One request that may be answered. user: the name of the token; empty where none was needed."""

    path: Mapping[str, str]
    query: Any
    body: Any
    user: str


@dataclass(frozen=True, slots=True)
class Route:
    """One operation. name: its id in the OpenAPI document. path: below PREFIX, with parameters in braces.

    summary: one sentence; detail: what else a caller has to know. answer: the model of what comes back, with `status`.
    body: of what is sent, if anything. missing: a 404 is possible; conflict: a 409 is.
    """

    method: str
    path: str
    name: str
    summary: str
    answer: type[BaseModel]
    handle: Callable[[Answers, Call], Awaitable[dict[str, Any]]]
    may: May = May.READ
    status: int = 200
    query: type[Sent] = NoQuery
    body: type[Sent] | None = None
    detail: str = ""
    missing: bool = False
    conflict: bool = False
    parameters: Mapping[str, str] = field(default_factory=dict)


_REPLACEMENT = {"id": "The replacement's id, such as `r-7f3a9c21d0`."}


def routes(trace: type[BaseModel]) -> tuple[Route, ...]:
    """Every operation. trace: the model of a trace, which belongs to whoever records."""
    return (*_reading(), *_of_replacements(trace), *_telling(), *_asking())


def _reading() -> tuple[Route, ...]:
    return (
        Route("GET", "/fleets", "getFleets", "Every fleet: its last look, what is under way, what stops it.",
              doc.Fleets, lambda answers, _: answers.fleets()),
        Route("GET", "/instances", "getInstances", "Every instance, as of the last look at its fleet.",
              doc.Instances, lambda answers, _: answers.instances()),
        Route("GET", "/plan", "getPlan", "What would be done, as of the last look at each fleet.",
              doc.Plan, lambda answers, call: answers.plan(call.query.fleet), query=OfFleet, missing=True,
              detail="Nothing is asked of the platform: each fleet says under `observed_at` when it was looked at. "
              "`repave plan` looks anew."),
        Route("GET", "/why/{instance}", "getWhy", "Why the decision about one instance is what it is.",
              doc.Why, lambda answers, call: answers.why(call.path["instance"]), missing=True,
              detail="As of the last look, at `observed_at`. `repave why` looks anew.",
              parameters={"instance": "The instance's id."}),
        Route("GET", "/holds", "getHolds", "The stops in force.",
              doc.Holds, lambda answers, _: answers.holds()),
    )  # fmt: skip


def _of_replacements(trace: type[BaseModel]) -> tuple[Route, ...]:
    return (
        Route("GET", "/replacements", "getReplacements", "The newest replacements, open and ended.",
              doc.Replacements, lambda answers, call: answers.replacements(call.query.limit), query=Limited),
        Route("GET", "/requests", "getRequests", "What was proposed and what people asked for, the newest first.",
              doc.Requests, lambda answers, call: answers.requests(call.query.limit), query=Limited),
        Route("GET", "/replacements/{id}", "getReplacement", "One replacement.",
              doc.Replacement, lambda answers, call: answers.replacement(call.path["id"]), missing=True,
              parameters=_REPLACEMENT),
        Route("GET", "/replacements/{id}/trace", "getTrace", "The whole trace of one replacement.",
              trace, lambda answers, call: answers.trace(call.path["id"]), missing=True, parameters=_REPLACEMENT),
        Route("GET", "/replacements/{id}/trace/drawing", "getTraceDrawing", "The same, drawn for a terminal.",
              doc.Drawing, lambda answers, call: answers.drawing(call.path["id"], call.query.width),
              query=Drawn, missing=True, parameters=_REPLACEMENT),
    )  # fmt: skip


def _telling() -> tuple[Route, ...]:
    return (
        Route("POST", "/holds", "hold", "Stop before the next mutating call.",
              doc.Hold, lambda answers, call: answers.hold(
                  call.body.target, call.body.duration, call.body.reason, call.user),
              May.OPERATE, 201, body=NewHold, missing=True,
              detail="Undoing is stopped too. It is in the journal: it stops every daemon and survives restarts. "
              "A hold of the same scope is replaced."),
        Route("DELETE", "/holds/{target}", "resume", "End a hold, and close breakers.",
              doc.Resumed, lambda answers, call: answers.resume(call.path["target"], call.user),
              May.OPERATE, missing=True,
              detail="Also forgets the failures in a row that stopped a fleet. `all` ends the hold over all and "
              "closes every breaker; the hold of one fleet or instance stays until it is named.",
              parameters={"target": "The fleet's name, an instance's id, or `all`."}),
    )  # fmt: skip


def _asking() -> tuple[Route, ...]:
    return (
        Route("POST", "/replacements/{id}/approve", "approve", "Approve a proposed replacement.",
              doc.Request, lambda answers, call: answers.approve(call.path["id"], call.user),
              May.OPERATE, body=Nothing, missing=True, conflict=True, parameters=_REPLACEMENT,
              detail="It starts at the next look at which nothing else forbids it, within an hour."),
        Route("POST", "/replacements/{id}/abort", "abort", "Turn a replacement back.",
              doc.Aborted, lambda answers, call: answers.abort(call.path["id"], call.body.reason, call.user),
              May.OPERATE, body=PerhapsWhy, missing=True, conflict=True, parameters=_REPLACEMENT,
              detail="A proposal ends at once. What is under way is undone before its next call, even under a hold, "
              "unless the predecessor's termination was called already."),
        Route("POST", "/instances/{id}/replace", "replace", "Ask for the replacement of an instance.",
              doc.Request, lambda answers, call: answers.replace(call.path["id"], call.body.reason, call.user),
              May.OPERATE, 201, body=Why, missing=True, conflict=True,
              parameters={"id": "The instance's id."},
              detail="Whatever its verdict, its warm-up and the windows; limits, holds and protection still apply, and "
              "it waits for them for up to an hour."),
    )  # fmt: skip
