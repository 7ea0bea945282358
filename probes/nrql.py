"""What a New Relic query says of each instance."""

from collections.abc import Mapping
from math import ceil, floor
from typing import Annotated

from pydantic import AfterValidator

from controller.clients.http_options import QueryText, Text
from controller.clients.option_types import OptionDuration, duration_text, expected
from controller.domain.errors import Permanent
from controller.domain.model import Signal, Unknown
from controller.domain.policy import Condition, Missing
from controller.domain.ports import Flaw, Probe, ProbeRequest, ProbeSpec, Resources
from probes._identity import Row
from probes._newrelic import CALL, NEW_RELIC, NewRelic, NewRelicOptions
from probes._nrql_text import MOST_BUCKETS, Nrql
from probes._query_options import QueryOptions
from probes._rows import Asked, of_fleet, per_instance

MORE_PERIODS = 3
PERIOD_SECONDS = 60


def _nrql(text: str) -> str:
    try:
        Nrql.of(text)
    except ValueError as error:
        raise expected(str(error)) from None
    return text


Query = Annotated[QueryText, AfterValidator(_nrql)]


class NrqlOptions(QueryOptions):
    """A query, alone or with more to say about it."""

    query: Query
    """NRQL with a FACET that names instances, without SINCE, UNTIL and TIMESERIES. `nrql: QUERY` is short for it."""
    value: Text | None = None
    """The column that holds the value; by default `value`, or the only one."""
    period: OptionDuration | None = None
    """The length of one bucket; by default a twentieth of `for`, at least 1m. An answer has 366 at most."""
    alive: Query | None = None
    """NRQL whose rows above zero prove that an instance is alive here; for `missing: zero`, which needs it."""


class NrqlProbe:
    """Asks New Relic once for the whole fleet; twice where absent rows may be zero.

    Value: the number that the query gives for an instance in each bucket of the span that `for` needs, dated at the
    bucket's end; the newest ends `lag` before the present. Unknown: no facet names the instance, its facets contradict
    each other, a name fits several instances, or the answer was cut off before it. A bucket without events is no
    reading, whatever its value; a message of New Relic's makes its whole answer unknown.
    """

    def __init__(self, new_relic: NewRelic | None) -> None:
        self._new_relic = new_relic

    async def read(self, request: ProbeRequest) -> Mapping[str, Signal | Unknown]:
        """Readings oldest first, and how rows and instances fit. Raises PlatformError when New Relic gives no whole
        answer."""
        if not request.instances:
            return {}
        options = _options(request)
        rows, cut_off = await self._rows(options.query, options.value, request)
        life: list[Row] | None = None
        if request.condition.missing is Missing.ZERO and options.alive is not None:
            life, life_cut_off = await self._rows(options.alive, None, request)
            cut_off = cut_off or life_cut_off
        return per_instance(rows, life, request, self._asked(request, cut_off))

    async def read_fleet(self, request: ProbeRequest) -> Signal | Unknown:
        """The one row of the query, whatever it is called. Raises what `read` raises."""
        options = _options(request)
        rows, cut_off = await self._rows(options.query, options.value, request, needs_facet=False)
        return of_fleet(rows, request, self._asked(request, cut_off))

    async def _rows(
        self, query: str, column: str | None, request: ProbeRequest, *, needs_facet: bool = True
    ) -> tuple[list[Row], str]:
        """The rows, and why some may be missing."""
        if self._new_relic is None:
            raise Permanent("the new_relic that this rule reads is not configured any more", call=CALL)
        nrql = Nrql.of(query)
        if needs_facet and not nrql.names_instances:
            raise Permanent("newrelic: the query has no FACET, so no row names an instance", call=CALL, code="no_facet")
        period = _period_seconds(request.condition, request.span_seconds)
        buckets = min(MOST_BUCKETS, ceil(request.span_seconds / period) + MORE_PERIODS)
        until = floor(request.at.timestamp() - self._new_relic.options.lag)
        rows = await self._new_relic.rows(nrql.over(until - buckets * period, until, period), column)
        is_cut = nrql.names_instances and len(rows) >= nrql.limit
        return rows, f"the answer was cut off at {nrql.limit} facets, and it is not among them" if is_cut else ""

    def _asked(self, request: ProbeRequest, cut_off: str) -> Asked:
        condition, source = request.condition, self._new_relic.options if self._new_relic else None
        return Asked(
            query=_options(request).query,
            unit=condition.unit,
            period_seconds=_period_seconds(condition, request.span_seconds),
            lag_seconds=source.lag if source else 0.0,
            identity=condition.identity or (source.identity if source else None),
            cut_off=cut_off,
        )


def _options(request: ProbeRequest) -> NrqlOptions:
    assert isinstance(request.condition.options, NrqlOptions)
    return request.condition.options


def _period_seconds(condition: Condition, span_seconds: float) -> int:
    """The length of a bucket, in whole seconds."""
    options = condition.options
    if isinstance(options, NrqlOptions) and options.period is not None:
        return max(1, ceil(options.period))
    wanted = condition.for_seconds or span_seconds
    shortest = min(PERIOD_SECONDS, wanted / 3) if wanted else PERIOD_SECONDS
    return max(1, ceil(max(shortest, wanted / 20)))


def _check(condition: Condition) -> Flaw | None:
    """What the options cannot show alone."""
    options, period = condition.options, _period_seconds(condition, condition.for_seconds)
    assert isinstance(options, NrqlOptions)
    if condition.missing is Missing.ZERO and options.alive is None:
        return Flaw("missing", "'missing: zero' needs 'alive' in the probe: a query whose rows prove life.")
    if condition.missing is not Missing.ZERO and options.alive is not None:
        return Flaw("nrql", "'alive' is read only with 'missing: zero'.")
    if 0 < condition.for_seconds < 2 * period:
        return Flaw("for", f"'for' needs three readings, and with a period of {duration_text(period)} it has fewer.")
    if condition.for_seconds / period > MOST_BUCKETS - MORE_PERIODS:
        return Flaw("nrql", f"'for' would take more than {MOST_BUCKETS} buckets; give a longer 'period'.")
    return None


def _build(source: object, _platform: object, resources: Resources) -> Probe:
    return NrqlProbe(NewRelic(source, resources) if isinstance(source, NewRelicOptions) else None)


PROBE = ProbeSpec(
    name="nrql",
    options=NrqlOptions,
    build=_build,
    summary="What an NRQL query gives for an instance.",
    history=True,
    source=NEW_RELIC,
    fleet_level=True,
    rhythm=lambda condition: (_period_seconds(condition, condition.for_seconds), 0.0),
    check=_check,
)
