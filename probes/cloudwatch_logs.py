"""How many lines of an instance's log match, counted by CloudWatch Logs Insights."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from controller.clients.aws import Aws, AwsScope
from controller.clients.option_types import OptionDuration, duration_text, expected
from controller.domain.model import Instance, Reading, Signal, Unknown
from controller.domain.policy import Condition, Missing
from controller.domain.ports import Probe, ProbeRequest, ProbeSpec, Resources
from probes._log_match import Match, MatchText
from probes._log_query import Question, Row, Rows, ask
from probes._log_samples import sample_lines
from probes._log_streams import PLACE, owners

STREAM_FIELD = "@logStream"
MOST_SAMPLED = 5
"""Instances of which lines are fetched, the worst first."""

REUSED_SHARE = 1 / 20
"""For which part of `within` an answer stands: a query costs by the bytes that it scans."""


def _stream(text: str) -> str:
    if text.count(PLACE) != 1:
        raise expected(f"must be a name with {PLACE} in it, once")
    return text


class CloudwatchLogsOptions(BaseModel):
    """One log group, and what to look for in it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    group: str = Field(pattern=r"^[.\-_/#A-Za-z0-9]{1,512}$", description="the log group's name")
    match: MatchText = Field(
        description="a term, or a /regular expression/, that a line has to contain, capitals and all"
    )
    stream: Annotated[str, Field(max_length=512), AfterValidator(_stream)] = Field(
        default=PLACE,
        description="how log streams are named: {instance} is an id, a private DNS name, host name or address, * is "
        "anything",
    )
    silent_after: OptionDuration = Field(
        default=900.0, description="a stream whose newest line is older proves no life, so that its zero is unknown"
    )


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found at an instant, of whom, and when it was asked."""

    asked_at: datetime
    key: object
    found: Mapping[str, Signal | Unknown]

    def stands(self, at: datetime, instances: tuple[Instance, ...], seconds: float) -> bool:
        """Whether it is young enough for this moment and knows everybody who is asked about."""
        known = all(instance.id in self.found for instance in instances)
        return known and 0 <= (at - self.asked_at).total_seconds() < seconds


class CloudwatchLogs:
    """Asks Logs Insights once for the whole fleet, in its inventory's region and role, and counts by log stream (or by
    the field that the rule's `identity` names), over the rule's `within`.

    Value: how many lines match, dated when it was asked, with a few of them where they condemn. The same query counts
    all lines. With `missing: zero`, none that matches is 0 where the newest line is not older than `silent_after`.
    Unknown: no line at all, or only old ones; and with `missing: unknown`, none that matches.
    """

    def __init__(self, aws: Aws, external_id: str | None) -> None:
        self._aws = aws
        self._external_id = external_id
        self._last: Answer | None = None

    async def read(self, request: ProbeRequest) -> Mapping[str, Signal | Unknown]:
        """One count per instance. Raises PlatformError when CloudWatch Logs has no answer in time."""
        if not request.instances:
            return {}
        condition, at = request.condition, request.at.replace(microsecond=0)
        scope = AwsScope.of(request.inventory.scope, self._external_id)
        key, last = (scope, condition.name), self._last
        if last and last.key == key and last.stands(at, request.instances, condition.within_seconds * REUSED_SHARE):
            return last.found
        found = await self._count(scope, condition, request.instances, at)
        if last is None or last.asked_at <= at:
            self._last = Answer(at, key, found)
        return found

    async def _count(
        self, scope: AwsScope, condition: Condition, instances: tuple[Instance, ...], at: datetime
    ) -> Mapping[str, Signal | Unknown]:
        options, field = _options(condition), _quoted(condition.identity or STREAM_FIELD)
        expression = Match.of(options.match).insights
        start = at - timedelta(seconds=condition.within_seconds)
        question = Question(options.group, field, expression, start, at)
        rows = await ask(self._aws, scope, question)
        by_instance = _by_instance(rows, options.stream if field == STREAM_FIELD else PLACE, instances)
        found = {one.id: _reading(condition, question, rows.cut, by_instance[one.id]) for one in instances}
        return await self._with_lines(scope, condition, question, by_instance, found)

    async def _with_lines(
        self,
        scope: AwsScope,
        condition: Condition,
        question: Question,
        by_instance: Mapping[str, list[Row]],
        found: dict[str, Signal | Unknown],
    ) -> Mapping[str, Signal | Unknown]:
        """The same, with lines of the worst of those that breach."""
        options = _options(condition)
        bad = [one for one, signal in found.items() if _breached(signal, condition)]
        if question.field != STREAM_FIELD:
            return found
        for one in sorted(bad, key=lambda each: -_matched(by_instance[each]))[:MOST_SAMPLED]:
            streams = [row.value for row in by_instance[one] if row.matched]
            about = (options.group, streams, Match.of(options.match), question.start, question.end)
            signal = found[one]
            assert isinstance(signal, Signal)
            found[one] = replace(signal, samples=await sample_lines(self._aws, scope, *about))
        return found


def _by_instance(rows: Rows, template: str, instances: tuple[Instance, ...]) -> dict[str, list[Row]]:
    owned = owners(template, (row.value for row in rows.rows), instances)
    found: dict[str, list[Row]] = {instance.id: [] for instance in instances}
    for row in rows.rows:
        if row.value in owned:
            found[owned[row.value]].append(row)
    return found


def _reading(condition: Condition, question: Question, cut: bool, rows: list[Row]) -> Signal | Unknown:
    query = f"logs insights {question.group}: {question.text}"
    count, lines = _matched(rows), sum(row.lines for row in rows)
    signal = Signal((Reading(float(count), question.end),), query)
    if condition.threshold.breached(float(count)):
        return signal
    if cut and not rows:
        return Unknown("the answer was cut off before it came to this instance", query)
    silence = _silence(_options(condition), question, rows, lines)
    if silence:
        return Unknown(silence, query)
    if not count and condition.missing is Missing.UNKNOWN:
        return Unknown(f"none of its {lines} lines matches; `missing: zero` makes that a 0", query)
    return signal


def _silence(options: CloudwatchLogsOptions, question: Question, rows: list[Row], lines: int) -> str:
    """Why the instance cannot be said to be alive in this source; empty when it is."""
    span = f"since {question.start:%Y-%m-%d %H:%M:%S} UTC"
    if not lines:
        return f"no line of it has reached {options.group} {span}: its log shipper may be dead"
    newest = max((row.newest for row in rows if row.newest), default=None)
    if newest is None:
        return "when its newest line was written cannot be read"
    if (question.end - newest).total_seconds() > options.silent_after:
        ago = f"over {duration_text(options.silent_after)} ago"
        return f"its newest line is of {newest:%H:%M:%S} UTC, {ago}: its shipper may be dead"
    return ""


def _matched(rows: list[Row]) -> int:
    return sum(row.matched for row in rows)


def _breached(signal: Signal | Unknown, condition: Condition) -> bool:
    return isinstance(signal, Signal) and condition.threshold.breached(signal.latest.value)


def _quoted(field: str) -> str:
    """A field's name as the query language wants it: in backticks where it has other characters than letters, digits,
    `@` and `.` (https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-Guidelines.html)."""
    plain = all(one.isascii() and (one.isalnum() or one in "@._") for one in field)
    return field if plain else f"`{field.replace('`', '')}`"


def _options(condition: Condition) -> CloudwatchLogsOptions:
    assert isinstance(condition.options, CloudwatchLogsOptions)
    return condition.options


def _build(_source: object, platform: object, resources: Resources) -> Probe:
    return CloudwatchLogs(resources.get(Aws), getattr(platform, "external_id", None))


PROBE = ProbeSpec(
    name="cloudwatch_logs",
    options=CloudwatchLogsOptions,
    build=_build,
    summary="How many lines of an instance's log match, counted by CloudWatch Logs Insights.",
    counts=True,
)
