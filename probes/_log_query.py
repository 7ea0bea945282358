"""One question to CloudWatch Logs Insights: started, waited for, read, and stopped when it takes too long."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from controller.clients.aws import Aws, AwsScope
from controller.domain.errors import PlatformError, Transient

T = TypeVar("T")
CALL = "logs.StartQuery"
MOST_ROWS = 10_000
PAUSES_SECONDS = (0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 2.0, 2.0, 2.0)
"""Between two looks at a query: 12 seconds in all, less than an observer's patience."""

ENDED_BADLY = {
    "Failed": "CloudWatch Logs could not run the query",
    "Cancelled": "somebody stopped the query",
    "Timeout": "the query took longer than CloudWatch Logs allows: take a shorter `within`, or a smaller log group",
}


@dataclass(frozen=True, slots=True)
class Question:
    """field: what lines are counted by. expression: as it stands in `/.../`. From `start` to `end`, whole seconds."""

    group: str
    field: str
    expression: str
    start: datetime
    end: datetime

    @property
    def text(self) -> str:
        """In the query language. A line that does not match keeps its place in `lines`, so that one query tells
        silence from health: `parse` leaves such lines without the field, and `count(field)` counts those that have it.
        https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-Parse.html
        """
        return (
            f"parse @message /(?<repave>{self.expression})/"
            f" | stats count(repave) as matched, count(*) as lines, max(@timestamp) as newest by {self.field}"
            " | sort matched desc"
        )


@dataclass(frozen=True, slots=True)
class Row:
    """What was counted under one value of the field. newest: None when it cannot be read."""

    value: str
    matched: int
    lines: int
    newest: datetime | None


@dataclass(frozen=True, slots=True)
class Rows:
    """The answer. cut: there may be more rows than came."""

    rows: tuple[Row, ...]
    cut: bool


async def ask(aws: Aws, scope: AwsScope, question: Question) -> Rows:
    """Raises PlatformError when there is no answer, or none in time."""
    try:
        started = await aws.read(
            scope,
            "logs",
            "StartQuery",
            logGroupName=question.group,
            startTime=int(question.start.timestamp()),
            endTime=int(question.end.timestamp()),
            queryString=question.text,
            limit=MOST_ROWS,
        )
    except PlatformError as error:
        if error.code.startswith("LimitExceeded"):
            raise Transient(f"{CALL}: as many queries as this account may run are running", call=CALL) from None
        raise
    query_id = started.get("queryId")
    if not isinstance(query_id, str):
        raise Transient(f"{CALL}: the answer names no query", call=CALL, code="unreadable")
    return await _answer(aws, scope, query_id, question.field)


async def _answer(aws: Aws, scope: AwsScope, query_id: str, field: str) -> Rows:
    for pause_seconds in PAUSES_SECONDS:
        page = await aws.read(scope, "logs", "GetQueryResults", queryId=query_id)
        status = str(page.get("status"))
        if status == "Complete":
            return await _rows(aws, scope, query_id, field, page)
        if status in ENDED_BADLY:
            raise Transient(f"logs.GetQueryResults: {ENDED_BADLY[status]}", call="logs.GetQueryResults", code=status)
        await aws.clock.sleep(pause_seconds)
    await _stop(aws, scope, query_id)
    waited = f"{sum(PAUSES_SECONDS):g} s"
    raise Transient(f"{CALL}: no answer within {waited}: take a shorter `within`", call=CALL, code="timeout")


async def _stop(aws: Aws, scope: AwsScope, query_id: str) -> None:
    """Give our place among the account's queries back; whether that works changes nothing."""
    try:
        await aws.read(scope, "logs", "StopQuery", queryId=query_id)
    except PlatformError:
        return


async def _rows(aws: Aws, scope: AwsScope, query_id: str, field: str, page: Mapping[str, Any]) -> Rows:
    rows: list[Row] = []
    while True:
        found = page.get("results")
        if not isinstance(found, list):
            raise Transient("logs.GetQueryResults: the answer has no results", call="logs.GetQueryResults")
        rows += [row for cells in found if (row := _row(cells, field))]
        token = page.get("nextToken")
        if not token or not found or len(rows) >= MOST_ROWS:
            return Rows(tuple(rows), cut=bool(token) or len(rows) >= MOST_ROWS)
        page = await aws.read(scope, "logs", "GetQueryResults", queryId=query_id, nextToken=token)


def _row(cells: Sequence[Mapping[str, Any]], field: str) -> Row | None:
    """One row; None when it has no value of the field. Raises Transient when its counts are none."""
    texts = {str(cell.get("field", "")).strip("`"): str(cell.get("value", "")) for cell in cells}
    value = texts.get(field.strip("`"), "")
    try:
        matched, lines = int(float(texts["matched"])), int(float(texts["lines"]))
    except (KeyError, ValueError, OverflowError):
        raise Transient("logs.GetQueryResults: a row without counts", call="logs.GetQueryResults") from None
    return Row(value, matched, lines, _time(texts.get("newest", ""))) if value else None


def _time(text: str) -> datetime | None:
    """Milliseconds since 1970, or `2026-11-23 12:00:00.000`: Insights shows times both ways."""
    try:
        return datetime.fromtimestamp(float(text) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
