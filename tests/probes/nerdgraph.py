"""NerdGraph on a loopback socket: the documented shapes, errors and limits over events that a test puts in.

It understands as much NRQL as the tests ask: aggregates with aliases, one comparison under WHERE, FACET by one
attribute, LIMIT, SINCE and UNTIL in milliseconds, TIMESERIES in seconds.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from aiohttp import web

KEY = "NRAK-THROW-AWAY"
ACCOUNT = 1_234_567
MOST_BUCKETS = 366
MOST_AT_ONCE = 25

_SHAPE = re.compile(
    r"SELECT (?P<select>.+?) FROM (?P<type>\w+)(?: WHERE (?P<where>.+?))?(?: FACET (?P<facet>[\w.]+))?"
    r"(?: LIMIT (?P<limit>MAX|\d+))? SINCE (?P<since>\d+) UNTIL (?P<until>\d+) TIMESERIES (?P<period>\d+) SECONDS"
)
_DOCUMENT = re.compile(r"query\(\$id:Int!,\$q:Nrql!,\$t:Seconds\)\{.*nrql\(query:\$q,timeout:\$t\).*")
_COLUMN = re.compile(r"(?P<function>\w+)\((?P<argument>(?:[^()]|\([^()]*\))*)\)(?: AS (?P<alias>\w+))?")

Event = Mapping[str, Any]


class QueryError(Exception):
    """What NerdGraph says in `errors`."""

    def __init__(self, message: str, kind: str = "INVALID_INPUT") -> None:
        super().__init__(message)
        self.kind = kind


@dataclass
class NerdGraph:
    """events: with `eventType` and `timestamp` (seconds). messages: of the next answers' metadata. refusals: errors for
    the next answers, first in first out. in_the_air: the most requests at once so far."""

    events: list[Event] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    refusals: list[QueryError] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    in_the_air: int = 0
    url: str = ""
    _now: int = 0

    def add(self, kind: str, points: Sequence[tuple[datetime, float]], **attributes: Any) -> None:
        """One event for each point, its value under `value`."""
        self.events += [
            {"eventType": kind, "timestamp": at.timestamp(), "value": value, **attributes} for at, value in points
        ]

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/graphql", self._handle)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}/graphql"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    async def _handle(self, request: web.Request) -> web.Response:
        self._now += 1
        self.in_the_air = max(self.in_the_air, self._now)
        try:
            await asyncio.sleep(0)
            return self._answer(request.headers.get("API-Key", ""), await request.json())
        finally:
            self._now -= 1

    def _answer(self, key: str, body: Any) -> web.Response:
        if key != KEY:
            return web.json_response({"errors": [{"message": "The API key is invalid"}]}, status=401)
        if self._now > MOST_AT_ONCE:
            return web.json_response({"errors": [{"message": "Too many concurrent requests"}]}, status=429)
        variables, query = body["variables"], body["variables"]["q"]
        assert query not in body["query"], "NRQL is a variable, never a part of the document"
        assert _DOCUMENT.fullmatch(body["query"])
        self.asked.append(query)
        try:
            nrql: Any = self._run(query, variables["id"])
        except QueryError as error:
            told: dict[str, Any] = {"message": str(error), "path": ["actor", "account", "nrql"]}
            told["extensions"] = {"errorClass": error.kind}
            return web.json_response({"data": {"actor": {"account": {"nrql": None}}}, "errors": [told]})
        return web.json_response({"data": {"actor": {"account": {"nrql": nrql}}}})

    def _run(self, query: str, account: int) -> dict[str, Any]:
        if self.refusals:
            raise self.refusals.pop(0)
        if account != ACCOUNT:
            raise QueryError("Access denied for the account", "ACCESS_DENIED")
        shape = _SHAPE.fullmatch(query)
        if shape is None:
            raise QueryError(f"NRQL Syntax Error: Error at line 1 position 1: {query[:20]}")
        since, until, period = int(shape["since"]) // 1000, int(shape["until"]) // 1000, int(shape["period"])
        if (until - since) / period > MOST_BUCKETS:
            raise QueryError(f"the maximum number of buckets is {MOST_BUCKETS}")
        kept = [
            event
            for event in self.events
            if event["eventType"] == shape["type"]
            and since <= event["timestamp"] < until
            and _holds(shape["where"], event)
        ]
        groups = _grouped(kept, shape["facet"])
        limit = {"MAX": 5_000, None: 10}.get(shape["limit"]) or int(shape["limit"])
        results = [
            {**_named(name, shape["facet"]), "beginTimeSeconds": begin, "endTimeSeconds": begin + period}
            | _columns(shape["select"], [one for one in group if begin <= one["timestamp"] < begin + period])
            for name, group in list(groups.items())[:limit]
            for begin in range(since, until, period)
        ]
        window = {"begin": since * 1000, "end": until * 1000}
        facets = [shape["facet"]] if shape["facet"] else None
        return {"results": results, "metadata": {"facets": facets, "messages": self.messages, "timeWindow": window}}


def _grouped(events: Sequence[Event], facet: str | None) -> dict[Any, list[Event]]:
    """By facet, in the order of appearance; events without the attribute are in no group. Without FACET there is always
    one."""
    if facet is None:
        return {None: list(events)}
    groups: dict[Any, list[Event]] = {}
    for event in events:
        if event.get(facet) is not None:
            groups.setdefault(event[facet], []).append(event)
    return groups


def _named(name: Any, facet: str | None) -> dict[str, Any]:
    return {} if facet is None else {"facet": name, facet: name}


def _holds(condition: str | None, event: Event) -> bool:
    if condition is None:
        return True
    found = re.fullmatch(r"(\w+) (>|IS) (\S+)", condition)
    if found is None:
        raise QueryError(f"NRQL Syntax Error: {condition}")
    name, operator, limit = found.groups()
    value = event.get(name)
    return value is True if operator == "IS" else value is not None and value > float(limit)


def _columns(select: str, events: Sequence[Event]) -> dict[str, Any]:
    """The aggregates over one bucket. An average of nothing is null; a count and a percentage of nothing are 0."""
    found = {}
    for column in re.split(r", (?![^()]*\))", select):
        parts = _COLUMN.fullmatch(column)
        if parts is None:
            raise QueryError(f"NRQL Syntax Error: {column}")
        function, argument = parts["function"], parts["argument"]
        name, _, condition = argument.partition(", ")
        values = [event[name] for event in events if event.get(name) is not None]
        match function:
            case "count":
                made: Any = len(events)
            case "percentage":
                hits = [event for event in events if _holds(condition.removeprefix("WHERE "), event)]
                made = 100 * len(hits) / len(events) if events else 0
            case "percentile":
                ranks = condition.split(", ")
                made = {rank: max(values) if values else None for rank in ranks}
            case "average" | "max" | "latest":
                made = (max(values) if function == "max" else sum(values) / len(values)) if values else None
            case _:
                raise QueryError(f"unknown function {function}")
        found[parts["alias"] or f"{function}.{name}"] = made
    return found
