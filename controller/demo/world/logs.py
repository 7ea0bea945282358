"""The world's CloudWatch Logs: Insights queries and FilterLogEvents, from the lines that instances really write.

moto's Insights knows no `stats` and its filters no phrases. The shapes on the wire are AWS's.
"""

import json
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from moto.logs.exceptions import LogsClientError, ResourceNotFoundException
from moto.logs.responses import LogsResponse
from moto.moto_api._internal import mock_random

from controller.demo.world.insights import Event, MalformedQuery, run
from controller.demo.world.telemetry import Line, SourceState, Telemetry

SOURCE = "logs"
MOST_QUERIES = 1000
PHRASES = re.compile(r'"((?:\\.|[^"\\])*)"|([^\s"]+)')
STATUS = {SourceState.FAILED: "Failed", SourceState.PARTIAL: "Timeout", SourceState.STUCK: "Running"}


@dataclass(slots=True)
class Query:
    """A query that was started. looks: how often somebody has asked for its results."""

    id: str
    rows: list[Event]
    looks: int = 0
    stopped: bool = False


@dataclass(slots=True)
class Queries:
    """The newest queries; whoever asks for an older one is told that there is none."""

    newest: deque[Query] = field(default_factory=lambda: deque(maxlen=MOST_QUERIES))

    def find(self, query_id: str) -> Query:
        """Raises ResourceNotFoundException."""
        found = next((query for query in self.newest if query.id == query_id), None)
        if found is None:
            raise ResourceNotFoundException
        return found


def install_logs(telemetry: Telemetry) -> None:
    """Put the operations onto moto's response class."""
    queries = Queries()

    def start_query(response: LogsResponse) -> str:
        group, start, end = (_parameter(response, name) for name in ("logGroupName", "startTime", "endTime"))
        _refuse(telemetry, str(group))
        span = (datetime.fromtimestamp(int(str(start)), UTC), datetime.fromtimestamp(int(str(end)) + 1, UTC))
        try:
            rows = run(str(_parameter(response, "queryString")), map(_event, lines_of(telemetry, str(group), *span)))
        except MalformedQuery as error:
            raise LogsClientError("MalformedQueryException", str(error)) from None
        query = Query(str(mock_random.uuid4()), rows[: int(str(_parameter(response, "limit", 1000)))])
        queries.newest.append(query)
        return json.dumps({"queryId": query.id})

    def get_query_results(response: LogsResponse) -> str:
        query = queries.find(str(_parameter(response, "queryId")))
        query.looks += 1
        state = telemetry.state(SOURCE)
        status = "Cancelled" if query.stopped else STATUS.get(state, "Complete" if query.looks > 1 else "Running")
        rows = query.rows if status == "Complete" and state is not SourceState.EMPTY else []
        cells = [[{"field": name, "value": value} for name, value in row.items()] for row in rows]
        return json.dumps({"status": status, "results": cells, "statistics": {"recordsMatched": float(len(rows))}})

    def stop_query(response: LogsResponse) -> str:
        queries.find(str(_parameter(response, "queryId"))).stopped = True
        return json.dumps({"success": True})

    def filter_log_events(response: LogsResponse) -> str:
        group = str(_parameter(response, "logGroupName"))
        _refuse(telemetry, group)
        start, end = (_parameter(response, name) for name in ("startTime", "endTime"))
        span = (_milliseconds(start or 0), _milliseconds(end or 2**41) + timedelta(milliseconds=1))
        wanted, streams = (
            _pattern(str(_parameter(response, "filterPattern", ""))),
            _parameter(response, "logStreamNames"),
        )
        found = [
            line
            for line in lines_of(telemetry, group, *span)
            if wanted(line.message) and (not streams or line.stream in list(streams))  # type: ignore[call-overload]
        ]
        return json.dumps(
            _page(found, _parameter(response, "nextToken"), int(str(_parameter(response, "limit", 10000))))
        )

    for operation in (start_query, get_query_results, stop_query, filter_log_events):
        setattr(LogsResponse, operation.__name__, operation)


def lines_of(telemetry: Telemetry, group: str, start: datetime, end: datetime) -> list[Line]:
    """Every line of a group in [start, end) that is written by now, oldest first."""
    telemetry.notice()
    until = min(end, telemetry.conditions.time.now() + timedelta(milliseconds=1))
    found = [line for line in telemetry.lines if line.group == group and start <= line.at < until]
    for track in telemetry.logs:
        if track.spec.group != group:
            continue
        for moment in track.moments(60 / track.spec.lines_per_minute, start, until):
            since, spec = track.at(moment)
            begun = not spec.starts_after_seconds or moment >= since + timedelta(seconds=spec.starts_after_seconds)
            if begun and not spec.silent:
                stream = spec.stream.replace("{instance}", str(track.instance))
                found.append(Line(group, stream, moment, spec.message))
    return sorted(found, key=lambda line: (line.at, line.stream))


def _parameter(response: LogsResponse, name: str, default: object = None) -> object:
    return response._get_param(name, default)  # noqa: SLF001 - the only way moto's operations read their parameters


def _refuse(telemetry: Telemetry, group: str) -> None:
    if telemetry.state(SOURCE) is SourceState.FORBIDDEN:
        raise LogsClientError("AccessDeniedException", f"not authorized to read {group}")
    if not any(track.spec.group == group for track in telemetry.logs):
        raise ResourceNotFoundException(f"Log group '{group}' does not exist.")


def _event(line: Line) -> Event:
    return {"@timestamp": str(round(line.at.timestamp() * 1000)), "@message": line.message, "@logStream": line.stream}


def _pattern(text: str) -> Callable[[str], bool]:
    """A filter pattern: a %regular expression%, or words and "phrases" that all have to be there."""
    if len(text) > 1 and text.startswith("%") and text.endswith("%"):
        regex = re.compile(text[1:-1])
        return lambda message: regex.search(message) is not None
    parts = [quoted or word for quoted, word in PHRASES.findall(text)]
    wanted = [re.sub(r"\\(.)", r"\1", part) for part in parts]
    return lambda message: all(part in message for part in wanted)


def _page(found: list[Line], token: object, limit: int) -> dict[str, object]:
    """The first page is empty, as AWS's may be at any time; the token is the place where the next page starts."""
    if token is None:
        return {"events": [], "searchedLogStreams": [], "nextToken": "0"}
    start = int(str(token))
    events = [
        {
            "logStreamName": line.stream,
            "timestamp": round(line.at.timestamp() * 1000),
            "ingestionTime": round(line.at.timestamp() * 1000),
            "message": line.message,
            "eventId": f"{start + number:056d}",
        }
        for number, line in enumerate(found[start : start + limit])
    ]
    more = {"nextToken": str(start + limit)} if start + limit < len(found) else {}
    return {"events": events, "searchedLogStreams": [], **more}


def _milliseconds(value: object) -> datetime:
    return datetime.fromtimestamp(int(str(value)) / 1000, UTC)
