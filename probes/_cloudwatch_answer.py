"""What CloudWatch's GetMetricData answered, page by page, and what of it is whole."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from math import isfinite
from typing import Any

from controller.domain.errors import Transient

CALL = "cloudwatch.GetMetricData"
MOST_QUERIES = 500
MOST_POINTS = 100_800
"""Of one call: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html"""

MEANINGS = {
    "PartialData": "CloudWatch gave only a part of the points",
    "InternalError": "CloudWatch could not read the points (InternalError)",
    "Forbidden": "CloudWatch forbids this metric to us",
}

Points = dict[datetime, float]
"""A series: the value of each period, by the time at which the period begins."""


class Answer:
    """The pages of one question. A series counts only when CloudWatch itself calls it complete."""

    def __init__(self) -> None:
        self._points: dict[str, Points] = {}
        self._status: dict[str, str] = {}
        self._doubts: dict[str, str] = {}
        self._general = ""

    def add(self, page: Mapping[str, Any]) -> None:
        """Take one more page. Raises Transient when it is no answer at all."""
        rows = page.get("MetricDataResults")
        if not isinstance(rows, list):
            raise Transient(f"{CALL}: the answer has no results", call=CALL, code="unreadable")
        self._general = self._general or _words(page.get("Messages"))
        for row in rows:
            self._add_row(row)

    def _add_row(self, row: Mapping[str, Any]) -> None:
        name, status = str(row.get("Id", "")), str(row.get("StatusCode") or "Complete")
        self._status[name] = status
        points = self._points.setdefault(name, {})
        doubt = _words(row.get("Messages")) or _take(row.get("Timestamps") or [], row.get("Values") or [], points)
        if status not in {"PartialData", "Complete"}:
            doubt = MEANINGS.get(status, f"CloudWatch says {status}") + (f": {doubt}" if doubt else "")
        if doubt:
            self._doubts.setdefault(name, doubt)

    def series(self, name: str) -> Points | str:
        """The points of one query, or why they cannot be trusted.

        PartialData on any page but the last only says that more pages follow.
        """
        if self._general:
            return f"CloudWatch says of the whole question: {self._general}"
        if name not in self._status:
            return "CloudWatch left this series out of its answer"
        if name in self._doubts:
            return self._doubts[name]
        if self._status[name] == "PartialData":
            return MEANINGS["PartialData"]
        return self._points[name]


def _take(times: Sequence[Any], values: Sequence[Any], points: Points) -> str:
    """Put times and values together; what is wrong with them, or nothing."""
    if len(times) != len(values):
        return f"CloudWatch gave {len(times)} times and {len(values)} values"
    for time, value in zip(times, values, strict=True):
        if not isinstance(time, datetime) or isinstance(value, bool) or not isinstance(value, int | float):
            return "CloudWatch gave a point that is no number at a time"
        if not isfinite(value):
            return f"CloudWatch gave {value}, which is not a number"
        points[time.astimezone(UTC)] = float(value)
    return ""


def _words(messages: Iterable[Mapping[str, Any]] | None) -> str:
    told = [f"{message.get('Code', '')} {message.get('Value', '')}".strip() for message in messages or ()]
    return "; ".join(one for one in told if one)[:300]


def batch_size(points_per_series: int) -> int:
    """How many series fit into one call without being cut off; 0 when not even one does."""
    return min(MOST_QUERIES, MOST_POINTS // max(1, points_per_series))
