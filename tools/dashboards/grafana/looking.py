"""Charts about looking: does anybody, how long does it take, who may act, and what is not seen."""

from collections.abc import Iterator

from controller.record import catalogue as metrics
from tools.dashboards.alerts import LATE_SECONDS
from tools.dashboards.grafana.chart import Chart, Look, Query, Scope

UP = (("1", "up", "green"), ("0", "down", "red"))
GOOD = (("1", "taken", "green"), ("0", "refused", "red"))
OK = 'outcome="ok"'
HELD = (("0", "nobody", "red"),)


def at_a_glance(scope: Scope) -> Iterator[Chart]:
    """Numbers that say in one row whether all is well."""
    yield from _fleets_at_a_glance(scope)
    yield from _daemons_at_a_glance(scope)


def _fleets_at_a_glance(scope: Scope) -> Iterator[Chart]:
    last = scope.site.most(scope.series(metrics.LAST_LOOK), "fleet")
    yield Chart(
        "Since the last look",
        "How long ago the fleet that has waited longest was looked at. Past five minutes and four ticks somebody is "
        "called (RepaveNotLooking).",
        [Query(f"max(time() - {last})")],
        Look.NUMBER,
        "s",
        width=3,
        warn=LATE_SECONDS / 2,
        bad=LATE_SECONDS,
    )
    stopped = scope.series(metrics.STOPPED, 'rule!~"observe_mode|hold_while"')
    yield Chart(
        "Stopped",
        "Fleets that Repave stopped itself on, or of which it stopped a cause. A person has to look.",
        [Query(f"sum({scope.site.most(stopped, 'fleet')})")],
        Look.NUMBER,
        width=3,
        bad=1,
    )
    blind = scope.most(metrics.INSTANCES, 'verdict="blind"')
    yield Chart(
        "Blind",
        "The share of instances about which nothing is found because a rule that could have found something has gone "
        "unanswered. They are never replaced for that.",
        [Query(f"sum({blind}) / sum({scope.most(metrics.INSTANCES)})")],
        Look.NUMBER,
        "percentunit",
        width=3,
        warn=0.05,
        bad=0.2,
    )
    yield Chart(
        "In flight",
        "Replacements that are under way.",
        [Query(f"sum({scope.most(metrics.IN_FLIGHT)})")],
        Look.NUMBER,
        width=3,
    )


def _daemons_at_a_glance(scope: Scope) -> Iterator[Chart]:
    yield Chart(
        "Longest under way",
        "How long the oldest open replacement has been under way, holds left out. All deadlines together stay below an "
        "hour (RepaveStuck).",
        [Query(f"max({scope.most(metrics.OPEN_AGE)})")],
        Look.NUMBER,
        "s",
        width=3,
        warn=3000,
        bad=3600,
    )
    yield Chart(
        "Journal",
        "Whether every daemon can read its journal. One that cannot acts on nothing.",
        [Query(f"min({scope.series(metrics.JOURNAL_UP)})")],
        Look.NUMBER,
        width=3,
        words=UP,
    )
    yield Chart(
        "Configuration",
        "Whether every daemon took the newest configuration. One that refuses it goes on with the one from before.",
        [Query(f"min({scope.series(metrics.CONFIG_GOOD)})")],
        Look.NUMBER,
        width=3,
        words=GOOD,
    )
    yield Chart(
        "Oldest span",
        "How long the oldest span has waited to be delivered. Backends drop spans older than an hour.",
        [Query(f"max({scope.series(metrics.OUTBOX_AGE)})")],
        Look.NUMBER,
        "s",
        width=3,
        warn=600,
        bad=1800,
    )


def looks(scope: Scope) -> Iterator[Chart]:
    """Looks over time, and who may act."""
    last = scope.site.most(scope.series(metrics.LAST_LOOK), "fleet")
    yield Chart(
        "Time since the last look",
        "By fleet. It climbs to a tick and falls back; a line that only climbs is a fleet nobody looks at.",
        [Query(f"time() - {last}", "{{fleet}}")],
        unit="s",
        bad=LATE_SECONDS,
        per_fleet=True,
    )
    yield Chart(
        "Looks by how they came out",
        "Each second, all daemons together. standby: another daemon acts there. blocked: the fleet could not be seen, "
        "or the journal not be written. error: a look went wrong as none should; the log says how.",
        [Query(scope.rate(metrics.TICKS, "outcome"), "{{outcome}}")],
        Look.STACK,
        "ops",
    )
    yield Chart(
        "Who may act",
        "How many daemons hold the lease of each fleet. One is right; none for long means that nobody acts.",
        [Query(scope.site.total(scope.series(metrics.LEASE), "fleet"), "{{fleet}}")],
        Look.TIMELINE,
        words=HELD,
        per_fleet=True,
    )


def sight(scope: Scope) -> Iterator[Chart]:
    """What is seen of the instances, and what is not."""
    instances = scope.most(metrics.INSTANCES)
    yield Chart(
        "Instances by verdict",
        "What the newest look found of each instance: the worst finding counts.",
        [Query(f"sum by (verdict) ({instances})", "{{verdict}}")],
        Look.STACK,
    )
    blind, everybody = scope.most(metrics.INSTANCES, 'verdict="blind"'), scope.site.total(instances, "fleet")
    limit = scope.site.most(scope.series(metrics.BLIND_LIMIT), "fleet")
    yield Chart(
        "Blind share",
        "By fleet, with the limit (`stop_when: {blind_over}`) beyond which it stops. A source that went quiet is the "
        "fault, not the instances.",
        [
            Query(f"sum {scope.site.by('fleet')} ({blind}) / {everybody}", "{{fleet}}"),
            Query(f"min({limit})", "smallest limit"),
        ],
        unit="percentunit",
        per_fleet=True,
    )
    asked = scope.rate(metrics.PROBE_DURATION, "rule", end="_count")
    answered = scope.rate(metrics.PROBE_DURATION, "rule", more=(OK,), end="_count")
    yield Chart(
        "Reads of telemetry that failed",
        "By rule, the share of reads that came back with an error. What is not read makes instances blind.",
        [Query(f"1 - ({answered} or 0 * {asked}) / {asked}", "{{rule}}")],
        unit="percentunit",
    )


def paces(scope: Scope) -> Iterator[Chart]:
    """How long looking takes, and asking."""
    yield Chart(
        "How long a look takes",
        "The 95th percentile by fleet. A look longer than its tick is late for the next.",
        [Query(scope.quantile(0.95, metrics.TICK_DURATION, "fleet"), "{{fleet}}")],
        unit="s",
        per_fleet=True,
    )
    yield Chart(
        "How long reading telemetry takes",
        "The 95th percentile by rule.",
        [Query(scope.quantile(0.95, metrics.PROBE_DURATION, "rule"), "{{rule}}")],
        unit="s",
    )


def calls(scope: Scope) -> Iterator[Chart]:
    """Calls to others' APIs; they know of no fleet."""
    yield Chart(
        "Calls to others' APIs",
        "Each second, by how they came out: `ok`, or the error's code. Throttling shows here first.",
        [Query(scope.rate(metrics.CALL_DURATION, "outcome", end="_count"), "{{outcome}}")],
        Look.STACK,
        "ops",
    )
    yield Chart(
        "The slowest calls",
        "The 95th percentile of the ten slowest operations.",
        [Query(f"topk(10, {scope.quantile(0.95, metrics.CALL_DURATION, 'call')})", "{{call}}")],
        unit="s",
    )
