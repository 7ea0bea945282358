"""What a panel shows, before it is drawn with Grafana's types; and of which series its queries speak."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from controller.record.catalogue import Described
from tools.dashboards.site import Site

HOUR, DAY = "1h", "1d"
"""Replacements are rare: their charts say what came to pass within the hour before, and the day before."""

RATE = "$__rate_interval"


class Look(StrEnum):
    """How values are drawn."""

    NUMBER = "number"
    LINES = "lines"
    STACK = "stack"
    TIMELINE = "timeline"


@dataclass(frozen=True, slots=True)
class Query:
    """PromQL, and what its series are called in the legend."""

    expression: str
    legend: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """One panel.

    unit: Grafana's id of it. width: of 24. warn, bad: from where values are yellow and red; where `bad` is the smaller
    of the two, small values are the bad ones. words: what single values mean, with a colour each. traces: a TraceQL
    query that the panel links to. per_fleet: its series are fleets, and link to the fleet's own dashboard."""

    title: str
    description: str
    queries: Sequence[Query]
    look: Look = Look.LINES
    unit: str = "short"
    width: int = 8
    warn: float | None = None
    bad: float | None = None
    words: Sequence[tuple[str, str, str]] = ()
    traces: str = ""
    per_fleet: bool = False


@dataclass(frozen=True, slots=True)
class Scope:
    """The series that a dashboard speaks of: those of its installations, and perhaps of one fleet alone."""

    site: Site
    one_fleet: bool = False

    def series(self, metric: Described, *more: str, end: str = "") -> str:
        """The metric's name with the selector. more: other matchers, such as `verdict="blind"`. end: of a histogram."""
        matchers = [f'{label}=~"${label}"' for label in self.site.installation]
        matchers += ['fleet="$fleet"'] if self.one_fleet and "fleet" in metric.labels else []
        return f"{metric.name}{end}{{{', '.join((*matchers, *more))}}}"

    def most(self, metric: Described, *more: str) -> str:
        """What all daemons of an installation say, once: by every label of the metric."""
        return self.site.most(self.series(metric, *more), *metric.labels)

    def within(self, metric: Described, span: str, *more: str) -> str:
        """How much a total that comes from the journal grew within that span. First put together, then compared: a
        daemon that took over begins where the one before it ended."""
        return f"increase({self.most(metric, *more)}[{span}:])"

    def rate(self, metric: Described, *by: str, more: Sequence[str] = (), end: str = "") -> str:
        """How much a total of single daemons grows each second, all of them together."""
        return f"sum by ({', '.join(by)}) (rate({self.series(metric, *more, end=end)}[{RATE}]))"

    def quantile(self, quantile: float, metric: Described, *by: str) -> str:
        """A quantile of a histogram of single daemons."""
        return f"histogram_quantile({quantile:g}, {self.rate(metric, *by, 'le', end='_bucket')})"
