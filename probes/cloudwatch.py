"""A metric of CloudWatch, for each instance of a fleet or for the fleet as a whole."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from controller.clients.aws import Aws, AwsScope
from controller.clients.option_types import duration_text
from controller.domain.errors import Permanent
from controller.domain.model import Reading, Signal, Unknown
from controller.domain.policy import Condition
from controller.domain.ports import ProbeRequest, ProbeSpec, Resources
from probes._cloudwatch_answer import CALL, MOST_POINTS, Answer, Points, batch_size
from probes._cloudwatch_cache import Cache, Window
from probes._cloudwatch_hints import Hints
from probes._cloudwatch_options import CloudwatchOptions

MORE_PERIODS = 3
"""How many periods are read beyond the span that a rule looks at."""

KEPT = ((60, 3 * 3600, "3 hours"), (300, 15 * 86_400, "15 days"), (3600, 63 * 86_400, "63 days"))
"""Points of a shorter period than this are kept for so many seconds.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html"""

Series = Mapping[str | None, Points | str]
"""By instance id; None is the fleet's own. A text is the reason why there are no points."""


class Cloudwatch:
    """Asks GetMetricData for one series per instance, by exact dimensions, in its inventory's region and role: up to
    500 instances in one call. Only points that are new, or may still change, are asked for again.

    Value: the statistic over each complete period, in the metric's own unit, dated at the period's begin; all of the
    span that the rule looks at. Unknown: CloudWatch has no point there, or does not call the series complete.
    A missing point is never zero: CloudWatch cannot tell a healthy instance from a dead agent.
    """

    def __init__(self, aws: Aws, external_id: str | None) -> None:
        self._aws = aws
        self._external_id = external_id
        self._cache = Cache()
        self._hints = Hints(aws)

    async def read(self, request: ProbeRequest) -> Mapping[str, Signal | Unknown]:
        """The readings of every instance. Raises PlatformError when CloudWatch cannot be asked."""
        ids = [instance.id for instance in request.instances]
        if not ids:
            return {}
        found = await self._series(request, ids)
        return {instance_id: await self._signal(request, instance_id, found[instance_id]) for instance_id in ids}

    async def read_fleet(self, request: ProbeRequest) -> Signal | Unknown:
        """The readings of the metric with the options' own dimensions and no instance."""
        return await self._signal(request, None, (await self._series(request, [None]))[None])

    async def _series(self, request: ProbeRequest, ids: Sequence[str | None]) -> Series:
        options, scope = _options(request), self._scope(request)
        window = _window(request)
        keys = {one: (scope, options.query(one)) for one in ids}
        since = {one: self._cache.since(keys[one], window, options.lag_seconds) for one in ids}
        found: dict[str | None, Points | str] = {}
        for start, some in _together(since, window):
            for batch in _batches(some, Window(start, window.end, window.period_seconds)):
                answer = await self._ask(scope, options, batch, start, window.end)
                for one in batch:
                    read = answer.series(_name(one))
                    if isinstance(read, str):
                        self._cache.forget(keys[one])
                        found[one] = read
                    else:
                        found[one] = self._cache.put(keys[one], window, start, read)
        self._cache.keep_only(keys.values())
        return found

    async def _ask(
        self, scope: AwsScope, options: CloudwatchOptions, ids: Sequence[str | None], start: datetime, end: datetime
    ) -> Answer:
        answer = Answer()
        if start >= end:
            return answer
        queries = [_query(options, one) for one in ids]
        pages = self._aws.pages(
            scope,
            "cloudwatch",
            "GetMetricData",
            MetricDataQueries=queries,
            StartTime=start,
            EndTime=end,
            ScanBy="TimestampAscending",
        )
        async for page in pages:
            answer.add(page)
        return answer

    async def _signal(self, request: ProbeRequest, one: str | None, found: Points | str) -> Signal | Unknown:
        options = _options(request)
        query = options.query(one)
        if isinstance(found, str):
            return Unknown(found, query)
        if not found:
            window = _window(request)
            between = f"from {window.start:%H:%M:%S} to {window.end:%H:%M:%S} UTC"
            gone = _gone(options, (self._aws.clock.now() - window.end).total_seconds())
            hint = gone or await self._hints.about(self._scope(request), options, one, request.at)
            return Unknown(f"CloudWatch has no point {between}; {hint}", query)
        readings = tuple(Reading(value, time) for time, value in found.items())
        return Signal(readings, query, period_seconds=options.period_seconds, lag_seconds=options.lag_seconds)

    def _scope(self, request: ProbeRequest) -> AwsScope:
        return AwsScope.of(request.inventory.scope, self._external_id)


def _options(request: ProbeRequest) -> CloudwatchOptions:
    options = request.condition.options
    assert isinstance(options, CloudwatchOptions)
    return options


def _window(request: ProbeRequest) -> Window:
    options = _options(request)
    span = request.span_seconds + options.lag_seconds
    period = options.period_seconds
    return Window.until(request.at, span + MORE_PERIODS * period, period)


def _gone(options: CloudwatchOptions, age_seconds: float) -> str:
    """That points of this period and age are kept no more, if so."""
    for period_seconds, kept_seconds, words in KEPT:
        if options.period_seconds < period_seconds and age_seconds > kept_seconds:
            return f"it keeps points of {duration_text(options.period)} for {words}"
    return ""


def _together(since: Mapping[str | None, datetime], window: Window) -> list[tuple[datetime, list[str | None]]]:
    """Who is read from when: the new ones from the window's start, all the others from the earliest of theirs."""
    new = [one for one, start in since.items() if start == window.start]
    known = [one for one, start in since.items() if start != window.start]
    both = [(window.start, new), (min((since[one] for one in known), default=window.start), known)]
    return [(start, some) for start, some in both if some]


def _batches(ids: Sequence[str | None], window: Window) -> list[Sequence[str | None]]:
    size = batch_size(window.points)
    if not size:
        what = f"{window.points} points per instance are more than the {MOST_POINTS} of one call"
        raise Permanent(f"{CALL}: {what}; take a longer period or a shorter `for`", call=CALL, code="too_many_points")
    return [ids[start : start + size] for start in range(0, len(ids), size)]


def _name(one: str | None) -> str:
    """What a series is called in question and answer, after whose it is: an answer to another question, as a proxy may
    replay it, then never speaks for another instance. Letters, digits and underscores are allowed.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDataQuery.html"""
    return "fleet" if one is None else "of_" + re.sub("[^A-Za-z0-9]", lambda other: f"_{ord(other[0]):x}", one)


def _query(options: CloudwatchOptions, one: str | None) -> dict[str, object]:
    dimensions = [{"Name": name, "Value": value} for name, value in options.dimensions_of(one).items()]
    metric = {"Namespace": options.namespace, "MetricName": options.metric, "Dimensions": dimensions}
    return {
        "Id": _name(one),
        "MetricStat": {"Metric": metric, "Period": options.period_seconds, "Stat": options.stat},
        "ReturnData": True,
    }


def _build(_source: object, platform: object, resources: Resources) -> Cloudwatch:
    return Cloudwatch(resources.get(Aws), getattr(platform, "external_id", None))


def _rhythm(condition: Condition) -> tuple[float, float]:
    options = condition.options
    assert isinstance(options, CloudwatchOptions)
    return options.period_seconds, options.lag_seconds


PROBE = ProbeSpec(
    name="cloudwatch",
    options=CloudwatchOptions,
    build=_build,
    summary="A metric of CloudWatch, by instance.",
    history=True,
    fleet_level=True,
    rhythm=_rhythm,
)
