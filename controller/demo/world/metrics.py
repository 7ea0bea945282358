"""The world's CloudWatch metrics: GetMetricData and ListMetrics, from what the instances really emit.

moto ignores the namespace, knows no percentiles and answers whatever was put into it; here the answer follows from the
truth. Its shapes on the wire are AWS's, by botocore's service models.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from math import ceil
from typing import Any

from moto.cloudwatch.exceptions import ValidationError
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult

from controller.demo.emissions import MetricSpec
from controller.demo.world.telemetry import SourceState, Telemetry, Track

SOURCE = "metrics"
MOST_QUERIES = 500
MOST_POINTS = 100_800
MOST_LISTED = 500

Identity = tuple[str, str, frozenset[tuple[str, str]]]
"""Namespace, name and dimensions: CloudWatch takes anything that differs in one of them for another metric."""
Tracks = Mapping[Identity, Sequence[Track[MetricSpec]]]


def install_metrics(telemetry: Telemetry) -> None:
    """Put the operations onto moto's response class."""

    def get_metric_data(response: CloudWatchResponse) -> ActionResult:
        asked: Mapping[str, Any] = response._get_params()  # noqa: SLF001 - the only way moto's operations read them
        queries = asked.get("MetricDataQueries", [])
        if len(queries) > MOST_QUERIES:
            raise ValidationError(f"The collection MetricDataQueries must not have a size greater than {MOST_QUERIES}.")
        telemetry.notice()
        start, end = (_aware(asked[name]) for name in ("StartTime", "EndTime"))
        if start >= end:
            raise ValidationError("The parameter StartTime must be less than the parameter EndTime.")
        tracks = _by_identity(telemetry)
        rows = [_row(telemetry, tracks, query, start, end) for query in queries]
        most = min(int(asked.get("MaxDatapoints") or MOST_POINTS), MOST_POINTS)
        return ActionResult(_page(rows, int(asked.get("NextToken") or 0), most))

    def list_metrics(response: CloudWatchResponse) -> ActionResult:
        asked: Mapping[str, Any] = response._get_params()  # noqa: SLF001 - as above
        wanted = {one["Name"]: one.get("Value") for one in asked.get("Dimensions", [])}
        telemetry.notice()
        found = [
            {"Namespace": namespace, "MetricName": name, "Dimensions": [{"Name": k, "Value": v} for k, v in pairs]}
            for namespace, name, pairs in _by_identity(telemetry)
            if asked.get("Namespace") in (None, namespace)
            and asked.get("MetricName") in (None, name)
            and all((key, value) in pairs if value else key in dict(pairs) for key, value in wanted.items())
        ]
        return ActionResult({"Metrics": found[:MOST_LISTED]})

    for operation in (get_metric_data, list_metrics):
        setattr(CloudWatchResponse, operation.__name__, operation)


def _row(
    telemetry: Telemetry, tracks: Tracks, query: Mapping[str, Any], start: datetime, end: datetime
) -> dict[str, Any]:
    """The result of one query, whole."""
    stat = query.get("MetricStat")
    if stat is None:
        raise ValidationError("The demo world answers MetricStat alone, no expressions.")
    metric = stat["Metric"]
    dimensions = frozenset((one["Name"], one["Value"]) for one in metric.get("Dimensions", []))
    row: dict[str, Any] = {"Id": query["Id"], "Label": metric["MetricName"], "StatusCode": "Complete"}
    state = telemetry.state(SOURCE)
    points: dict[datetime, float] = {}
    if state not in (SourceState.FORBIDDEN, SourceState.EMPTY):
        found = tracks.get((metric["Namespace"], metric["MetricName"], dimensions), ())
        samples = _samples(found, start, end, telemetry.conditions.time.now())
        points = _periods(samples, int(stat["Period"]), str(stat["Stat"]))
    if state is SourceState.PARTIAL:
        points = dict(list(points.items())[::2])
    words = {
        SourceState.PARTIAL: "PartialData",
        SourceState.FORBIDDEN: "Forbidden",
        SourceState.FAILED: "InternalError",
    }
    row["StatusCode"] = words.get(state, "Complete")
    return {**row, "Timestamps": list(points), "Values": list(points.values())}


def _page(rows: list[dict[str, Any]], skip: int, most: int) -> dict[str, Any]:
    """The points from number `skip` on, at most so many; a series that goes on on the next page is PartialData."""
    page, position, end = [], 0, skip + most
    for row in rows:
        first, position = position, position + len(row["Values"])
        taken = slice(max(0, skip - first), max(0, end - first))
        if row["Values"][taken] or (first == position and skip <= first < end):
            part = {"Timestamps": row["Timestamps"][taken], "Values": row["Values"][taken]}
            page.append({**row, **part, **({"StatusCode": "PartialData"} if position > end else {})})
    return {"MetricDataResults": page, **({"NextToken": str(end)} if position > end else {})}


def _samples(
    tracks: Iterable[Track[MetricSpec]], start: datetime, end: datetime, now: datetime
) -> list[tuple[datetime, float]]:
    """Every sample that can be read by now."""
    found = []
    for track in tracks:
        for moment in track.moments(track.spec.every_seconds, start, end):
            since, spec = track.at(moment)
            if not spec.silent and moment + timedelta(seconds=spec.late_seconds) <= now:
                found.append((moment, value_at(spec, since, moment, str(track.instance))))
    return sorted(found)


def value_at(spec: MetricSpec, since: datetime, moment: datetime, salt: str) -> float:
    """What a metric is at a moment, the noise included, which is the same each time one asks."""
    grown_seconds = max(0.0, (moment - since).total_seconds() - spec.starts_after_seconds)
    value = spec.value + spec.per_minute * grown_seconds / 60
    if spec.noise:
        digest = blake2b(f"{salt} {spec.key[:2]} {moment.timestamp()}".encode(), digest_size=4).digest()
        value += spec.noise * (int.from_bytes(digest) / 0x7FFFFFFF - 1)
    value = value if spec.lowest is None else max(spec.lowest, value)
    return value if spec.highest is None else min(spec.highest, value)


def _periods(samples: list[tuple[datetime, float]], period_seconds: int, stat: str) -> dict[datetime, float]:
    """The statistic of each period that has a sample, by the period's begin."""
    values: dict[float, list[float]] = defaultdict(list)
    for moment, value in samples:
        values[moment.timestamp() // period_seconds * period_seconds].append(value)
    return {datetime.fromtimestamp(begin, UTC): _statistic(some, stat) for begin, some in sorted(values.items())}


def _statistic(values: list[float], stat: str) -> float:
    match stat:
        case "Average":
            return sum(values) / len(values)
        case "Sum":
            return sum(values)
        case "Minimum":
            return min(values)
        case "Maximum":
            return max(values)
        case "SampleCount":
            return float(len(values))
        case _ if stat.startswith("p"):
            return sorted(values)[max(0, ceil(float(stat[1:]) / 100 * len(values)) - 1)]
    raise ValidationError(f"The demo world does not know the statistic {stat}.")


def _by_identity(telemetry: Telemetry) -> Tracks:
    found: dict[Identity, list[Track[MetricSpec]]] = defaultdict(list)
    for track in telemetry.metrics:
        found[_identity(track)].append(track)
    return found


def _identity(track: Track[MetricSpec]) -> Identity:
    own = {} if track.instance is None else {"InstanceId": track.instance}
    return track.spec.namespace, track.spec.name, frozenset({**track.spec.dimensions, **own}.items())


def _aware(time: datetime) -> datetime:
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
