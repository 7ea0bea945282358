"""Prometheus as a telemetry source: where it is, how it is asked, and what its answers are.

Read in the HTTP API's own documentation (prometheus.io, querying/api): values are strings, `warnings` mean that the
answer is a part; `infos` are hints about the query that may be false ones, and say nothing of the data.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from controller.clients.http import HttpSource
from controller.clients.http_errors import clean
from controller.clients.http_options import HEADER_NAME, Credential, Endpoint, HttpSourceOptions, Text
from controller.clients.option_types import HttpUrl, OptionDurationOrNone, SecretRef
from controller.domain.errors import Permanent, Transient
from controller.domain.ports import Resources, SourceSpec
from probes._identity import Row

MOST_POINTS = 11_000
"""Of one series in one answer: Prometheus refuses more."""

PASSING = frozenset({"timeout", "canceled", "unavailable", "internal"})
"""Types of errors that may be gone at the next try; the others are the query's own."""

HeaderName = Annotated[str, Field(strict=True, max_length=100, pattern=HEADER_NAME)]
SECRETIVE = frozenset({"authorization", "proxy-authorization", "cookie"})


class PrometheusOptions(HttpSourceOptions):
    """A Prometheus, or what speaks its HTTP API (Thanos, Mimir, VictoriaMetrics, Amazon's behind a proxy)."""

    url: HttpUrl
    """Its address, without /api/v1."""
    token: SecretRef | None = None
    """A bearer token."""
    user: Text | None = None
    """For basic authentication."""
    password: SecretRef | None = None
    """For basic authentication."""
    headers: dict[HeaderName, Text] = Field(default_factory=dict)
    """Sent with each request, such as X-Scope-OrgID; no secrets."""
    lag: OptionDurationOrNone = 0.0
    """How late a sample arrives by its nature, such as through remote write."""

    @model_validator(mode="after")
    def _one_credential(self) -> Self:
        if (self.user is None) != (self.password is None):
            raise ValueError("basic authentication needs both 'user' and 'password'")
        if self.token is not None and self.user is not None:
            raise ValueError("say 'token' or 'user' and 'password', and not both")
        if any(name.lower() in SECRETIVE for name in self.headers):
            raise ValueError("a header that proves who we are is given by reference: 'token', or 'user' and 'password'")
        return self

    def place(self) -> Endpoint:
        """How it is reached."""
        credential = None
        if self.token is not None:
            credential = Credential("bearer", self.token)
        elif self.user is not None and self.password is not None:
            credential = Credential("basic", self.password, self.user)
        return self.endpoint("prometheus", self.url, credential=credential, headers=tuple(self.headers.items()))


PROMETHEUS = SourceSpec("prometheus", PrometheusOptions, "A Prometheus, or what speaks its HTTP API.")


class Prometheus:
    """Asks one Prometheus."""

    def __init__(self, options: PrometheusOptions, resources: Resources) -> None:
        self.options = options
        self._source = HttpSource(options.place(), resources)

    async def instant(self, query: str, at: datetime) -> list[Row]:
        """The rows at one instant. Raises PlatformError."""
        form = {"query": query, "time": _seconds(at)}
        return await self._source.ask(
            "prometheus.query", "/api/v1/query", lambda body: _rows(body, "vector"), form=form
        )

    async def series(self, query: str, start: datetime, end: datetime, step_seconds: float) -> list[Row]:
        """The rows at each step from start to end. Raises PlatformError."""
        form = {"query": query, "start": _seconds(start), "end": _seconds(end), "step": f"{step_seconds:.3f}"}
        call, path = "prometheus.query_range", "/api/v1/query_range"
        return await self._source.ask(call, path, lambda body: _rows(body, "matrix"), form=form)


def _seconds(at: datetime) -> str:
    """A Unix timestamp to the millisecond, never later than the moment itself."""
    return f"{int(at.timestamp() * 1000) / 1000:.3f}"


def _rows(body: Any, wanted: str) -> list[Row]:
    """The rows of an answer. Raises PlatformError for one that is an error, a part, or of another kind; ValueError,
    TypeError and the like for one that makes no sense."""
    if body["status"] != "success":
        kind, words = str(body.get("errorType")), clean(str(body.get("error")))
        raise (Transient if kind in PASSING else Permanent)(
            f"prometheus: {words}", call="prometheus", code=clean(kind, 40)
        )
    if body.get("warnings"):
        words = clean(str(body["warnings"][0]))
        raise Permanent(f"prometheus: its answer is a part of the whole: {words}", call="prometheus", code="partial")
    kind = body["data"]["resultType"]
    if kind != wanted:
        raise Permanent(_refusal(str(kind)), call="prometheus", code="result_type")
    return [_row(item, "values" if wanted == "matrix" else "value") for item in body["data"]["result"]]


def _refusal(kind: str) -> str:
    help_ = {
        "scalar": "a scalar names no instance; ask for a vector, such as `vector(...)` or a sum `by (instance)`",
        "string": "a text is no reading; ask for a vector",
        "matrix": "a range selector gives raw samples; put a function such as rate(...) around it",
    }
    return f"prometheus: {help_.get(kind, f'the result is a {clean(kind, 40)}, not a vector')}"


def _row(item: Any, key: str) -> Row:
    if "histogram" in item or "histograms" in item:
        what = "the query gives native histograms; take histogram_quantile(...) of them"
        raise Permanent(f"prometheus: {what}", call="prometheus", code="result_type")
    labels = item["metric"]
    if not isinstance(labels, Mapping) or not all(isinstance(value, str) for value in labels.values()):
        raise TypeError("labels are texts")
    points: dict[datetime, float] = {}
    for at, value in item[key] if key == "values" else [item[key]]:
        when = _instant(at)
        number = _number(value)
        if when in points and points[when] != number:
            raise ValueError("one series has two values at one instant")
        points[when] = number
    return Row(labels, points)


def _instant(seconds: Any) -> datetime:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < 1e11:
        raise ValueError("a timestamp is a number of seconds")
    return datetime.fromtimestamp(round(seconds, 3), UTC)


def _number(text: Any) -> float:
    if not isinstance(text, str) or "_" in text:
        raise TypeError("values are numbers written as texts")
    return float(text)
