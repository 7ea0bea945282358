"""New Relic as a telemetry source: NerdGraph, how it is asked, and what its answers are.

Shapes and limits as New Relic documents them: 25 requests at once for a user, 3,000 queries a minute for an account,
the same query 120 times a minute; beyond that 429, or an error of the class TOO_MANY_REQUESTS. An error in the query
comes with status 200 and `nrql: null`, which is never "no hosts".
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from math import isfinite
from typing import Annotated, Any, Literal

from pydantic import Field

from controller.clients.http import HttpSource
from controller.clients.http_errors import Slow, clean
from controller.clients.http_options import Credential, Endpoint, HttpSourceOptions
from controller.clients.option_types import HttpUrl, OptionDurationOrNone, SecretRef
from controller.domain.errors import Denied, Permanent, PlatformError, Transient
from controller.domain.ports import Resources, SourceSpec
from probes._identity import KEYS, Row
from probes._nrql_text import EVENTS

CALL = "newrelic.nrql"
ENDPOINTS = {"us": "https://api.newrelic.com/graphql", "eu": "https://api.eu.newrelic.com/graphql"}
MOST_AT_ONCE = 10
"""Of the 25 that a user may have: people's dashboards need some."""

DOCUMENT = (
    "query($id:Int!,$q:Nrql!,$t:Seconds){actor{account(id:$id){nrql(query:$q,timeout:$t)"
    "{results metadata{facets messages timeWindow{begin end}}}}}}"
)
"""The NRQL goes in as a variable and is never a part of the document."""

NOT_VALUES = frozenset({"facet", "beginTimeSeconds", "endTimeSeconds", "inspectedCount", EVENTS})
DENIED = frozenset({"ACCESS_DENIED", "FORBIDDEN", "INVALID_API_KEY", "UNAUTHENTICATED", "UNAUTHORIZED"})
PASSING = frozenset({"INTERNAL_SERVER_ERROR", "SERVER_ERROR", "SERVICE_UNAVAILABLE", "TIMEOUT"})


class NewRelicOptions(HttpSourceOptions):
    """An account of New Relic's, asked through NerdGraph."""

    account: Annotated[int, Field(strict=True, ge=1, le=2**31 - 1)]
    """The number of the account."""
    api_key: SecretRef
    """A user key (not a licence key)."""
    region: Literal["us", "eu"] = "us"
    """Where the account lives."""
    url: HttpUrl | None = None
    """NerdGraph's address, in place of the region's."""
    lag: OptionDurationOrNone = 120.0
    """How late events may be; what is younger is not read, because its counts would be too small."""
    timeout: Annotated[int, Field(strict=True, ge=1, le=12)] = 10
    """How long a query may run in New Relic, in seconds."""

    def place(self) -> Endpoint:
        """How it is reached."""
        credential = Credential("header", self.api_key, "API-Key")
        url = self.url or ENDPOINTS[self.region]
        return self.endpoint("new_relic", url, credential=credential, most_at_once=MOST_AT_ONCE)


NEW_RELIC = SourceSpec("new_relic", NewRelicOptions, "An account of New Relic's, asked through NerdGraph.")


class NewRelic:
    """Asks one account."""

    def __init__(self, options: NewRelicOptions, resources: Resources) -> None:
        self.options = options
        self._source = HttpSource(options.place(), resources)

    async def rows(self, query: str, column: str | None) -> list[Row]:
        """The series of a query with TIMESERIES, one per facet, its buckets dated at their end; buckets without events
        are left out. column: the one that holds the value, where there are several. Raises PlatformError."""
        variables = {"id": self.options.account, "q": query, "t": self.options.timeout}
        document = {"query": DOCUMENT, "variables": variables}
        return await self._source.ask(CALL, "", lambda body: _rows(body, column), document=document)


def _rows(body: Any, column: str | None) -> list[Row]:
    """Raises PlatformError for an error or a part; ValueError, TypeError and the like for what makes no sense."""
    if body.get("errors"):
        raise _error(body["errors"][0])
    answer = body["data"]["actor"]["account"]["nrql"]
    if answer is None:
        raise Transient("newrelic: it gave no result and no reason", call=CALL, code="no_result")
    metadata = answer["metadata"]
    if metadata.get("messages"):
        words = clean(str(metadata["messages"][0]))
        raise Permanent(f"newrelic: its answer may be a part of the whole: {words}", call=CALL, code="partial")
    facets = metadata.get("facets") or []
    if not isinstance(facets, list) or not all(isinstance(facet, str) for facet in facets):
        raise TypeError("facets are texts")
    series: dict[tuple[tuple[str, str], ...], dict[datetime, float]] = {}
    for result in answer["results"]:
        labels = _labels(result, facets)
        points = series.setdefault(tuple(sorted(labels.items())), {})
        value = _value(result, facets, column)
        if value is None or not result[EVENTS] > 0:
            continue
        when = _instant(result["endTimeSeconds"])
        if points.setdefault(when, value) != value:
            raise ValueError("one facet has two values at one instant")
    return [Row(dict(labels), points) for labels, points in series.items()]


def _error(error: Any) -> PlatformError:
    words = clean(str(error.get("message", "an error without words")))
    kind = str((error.get("extensions") or {}).get("errorClass", ""))
    text = f"newrelic: {words}"
    if kind == "TOO_MANY_REQUESTS":
        return Slow(text, None, call=CALL)
    if kind in DENIED or "api key" in words.lower():
        return Denied(f"{text} (check the source's api_key: a user key)", call=CALL, code=clean(kind, 40))
    return (Transient if kind in PASSING else Permanent)(text, call=CALL, code=clean(kind, 40))


def _labels(result: Mapping[str, Any], facets: list[str]) -> dict[str, str]:
    """What a row says of itself. A facet that goes by none of the usual names is taken for the instance's."""
    told = result.get("facet")
    values = told if isinstance(told, list) else [] if told is None else [told]
    labels = {key: value for key, value in result.items() if isinstance(value, str) and key != "facet"}
    labels |= {name: value for name, value in zip(facets, values, strict=False) if isinstance(value, str)}
    if len(values) == 1 and isinstance(values[0], str) and not any(labels.get(key) for key in KEYS):
        labels["instance"] = values[0]
    return labels


def _value(result: Mapping[str, Any], facets: list[str], column: str | None) -> float | None:
    """The number of a row; None where there is none."""
    found = {
        key: value
        for key, value in result.items()
        if key not in NOT_VALUES and key not in facets and not isinstance(value, str)
    }
    name = column or ("value" if "value" in found or len(found) != 1 else next(iter(found)))
    if name not in found:
        told = clean(", ".join(map(str, found)) or "none")
        raise Permanent(
            f"newrelic: say which column is the value, `AS value` (there are: {told})", call=CALL, code="column"
        )
    return _number(found[name])


def _number(value: Any) -> float | None:
    if isinstance(value, Mapping):
        if len(value) != 1:
            told = clean(", ".join(map(str, value)))
            raise Permanent(f"newrelic: ask for one percentile, not for several ({told})", call=CALL, code="column")
        value = next(iter(value.values()))
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("values are numbers")
    return float(value)


def _instant(seconds: Any) -> datetime:
    is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    if not is_number or not isfinite(seconds) or not 0 <= seconds < 1e11:
        raise ValueError("a time is a number of seconds")
    return datetime.fromtimestamp(seconds, UTC)
