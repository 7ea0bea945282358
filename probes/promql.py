"""What a Prometheus query says of each instance."""

from collections.abc import Mapping
from datetime import timedelta

from controller.clients.http_options import QueryText
from controller.clients.option_types import OptionDuration, duration_text
from controller.domain.errors import Permanent
from controller.domain.model import Signal, Unknown
from controller.domain.policy import Condition, Missing
from controller.domain.ports import Flaw, Probe, ProbeRequest, ProbeSpec, Resources
from probes._identity import Row
from probes._prometheus import MOST_POINTS, PROMETHEUS, Prometheus, PrometheusOptions
from probes._query_options import QueryOptions
from probes._rows import Asked, of_fleet, per_instance

SHORTEST_STEP_SECONDS = 15.0
LONGEST_STEP_SECONDS = 300.0


class PromqlOptions(QueryOptions):
    """A query, alone or with more to say about it."""

    query: QueryText
    """PromQL that gives one row per instance. `promql: QUERY` is short for it."""
    step: OptionDuration | None = None
    """The distance between two readings; by default a twentieth of `for`, from 15s to 5m."""
    alive: QueryText | None = None
    """PromQL whose rows above zero prove that an instance is alive here, such as `up`; for `missing: zero`, which needs
    it."""


class Promql:
    """Asks Prometheus once for the whole fleet; twice where absent rows may be zero.

    Value: the number that the query gives for an instance, at each step of the span that `for` needs. Unknown: no row
    names the instance, its rows contradict each other, a row's name fits several instances, or the newest value is NaN
    or infinite. A warning of Prometheus's makes its whole answer unknown: it is a part.
    """

    def __init__(self, prometheus: Prometheus | None) -> None:
        self._prometheus = prometheus

    async def read(self, request: ProbeRequest) -> Mapping[str, Signal | Unknown]:
        """Readings oldest first, and how rows and instances fit. Raises PlatformError when Prometheus gives no whole
        answer."""
        if not request.instances:
            return {}
        options, asked = _options(request), self._asked(request)
        rows = await self._rows(options.query, request, asked)
        wants_life = request.condition.missing is Missing.ZERO and options.alive is not None
        life = await self._rows(options.alive or "", request, asked) if wants_life else None
        return per_instance(rows, life, request, asked)

    async def read_fleet(self, request: ProbeRequest) -> Signal | Unknown:
        """The one row of the query, whatever its labels. Raises what `read` raises."""
        asked = self._asked(request)
        return of_fleet(await self._rows(_options(request).query, request, asked), request, asked)

    async def _rows(self, query: str, request: ProbeRequest, asked: Asked) -> list[Row]:
        if self._prometheus is None:
            raise Permanent("the prometheus that this rule reads is not configured any more", call="prometheus")
        if not asked.period_seconds:
            return await self._prometheus.instant(query, request.at)
        span_seconds = request.span_seconds + asked.lag_seconds + 3 * asked.period_seconds
        start = request.at - timedelta(seconds=span_seconds)
        return await self._prometheus.series(query, start, request.at, asked.period_seconds)

    def _asked(self, request: ProbeRequest) -> Asked:
        condition, source = request.condition, self._prometheus.options if self._prometheus else None
        return Asked(
            query=_options(request).query,
            unit=condition.unit,
            period_seconds=_step_seconds(condition, request.span_seconds),
            lag_seconds=source.lag if source else 0.0,
            identity=condition.identity or (source.identity if source else None),
        )


def _options(request: ProbeRequest) -> PromqlOptions:
    assert isinstance(request.condition.options, PromqlOptions)
    return request.condition.options


def _step_seconds(condition: Condition, span_seconds: float) -> float:
    """The distance of readings over a span; 0 where the present alone is asked for."""
    options = condition.options
    if not span_seconds:
        return 0.0
    if isinstance(options, PromqlOptions) and options.step is not None:
        return options.step
    wanted = condition.for_seconds or span_seconds
    shortest = min(SHORTEST_STEP_SECONDS, wanted / 3)
    return min(LONGEST_STEP_SECONDS, max(shortest, wanted / 20))


def _check(condition: Condition) -> Flaw | None:
    """What the options cannot show alone."""
    options, step = condition.options, _step_seconds(condition, condition.for_seconds)
    assert isinstance(options, PromqlOptions)
    if condition.missing is Missing.ZERO and options.alive is None:
        return Flaw("missing", "'missing: zero' needs 'alive' in the probe: a query whose rows prove life, such as up.")
    if condition.missing is not Missing.ZERO and options.alive is not None:
        return Flaw("promql", "'alive' is read only with 'missing: zero'.")
    if step and condition.for_seconds < 2 * step:
        return Flaw("for", f"'for' needs three readings, and with a step of {duration_text(step)} it has fewer.")
    if step and condition.for_seconds / step > MOST_POINTS - 10:
        return Flaw("promql", f"'for' would take more than {MOST_POINTS} readings; give a larger 'step'.")
    return None


def _build(source: object, _platform: object, resources: Resources) -> Probe:
    return Promql(Prometheus(source, resources) if isinstance(source, PrometheusOptions) else None)


PROBE = ProbeSpec(
    name="promql",
    options=PromqlOptions,
    build=_build,
    summary="What a PromQL query gives for an instance.",
    history=True,
    source=PROMETHEUS,
    fleet_level=True,
    rhythm=lambda condition: (_step_seconds(condition, condition.for_seconds), 0.0),
    check=_check,
)
