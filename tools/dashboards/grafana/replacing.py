"""Charts about replacing: how many, for what, how long, what waits and why, and how much room is left."""

from collections.abc import Iterator

from controller.record import catalogue as metrics
from tools.dashboards.grafana.chart import DAY, HOUR, Chart, Look, Query, Scope

STOPPED = (("0", "goes on", "green"), ("1", "stopped", "red"))
TROUBLE = 'rule!="observe_mode"'
REPLACED = 'outcome="replaced"'


def outcomes(scope: Scope) -> Iterator[Chart]:
    """What replacements came to and what they were for."""
    closed = scope.within(metrics.REPLACEMENTS, HOUR)
    yield Chart(
        "Replacements by outcome",
        "Closed within the hour before. superseded: the predecessor went by itself.",
        [Query(f"sum by (outcome) ({closed})", "{{outcome}}")],
        Look.STACK,
        traces='{ name =~ "replace .*" }',
    )
    yield Chart(
        "Replacements by cause",
        "Closed within the hour before, by the verdict about the predecessor.",
        [Query(f"sum by (cause) ({closed})", "{{cause}}")],
        Look.STACK,
    )
    yield Chart(
        "Replacements by rule",
        "Closed within the hour before, by the rule that condemned the predecessor; one that several condemned counts "
        "for each.",
        [Query(f"sum by (rule) ({scope.within(metrics.REPLACED_FOR, HOUR)})", "{{rule}}")],
        Look.STACK,
    )
    once = scope.site.most(scope.series(metrics.DURATION, REPLACED, end="_bucket"), "fleet", "le")
    grown = f"sum by (le) (increase({once}[{DAY}:]))"
    yield Chart(
        "Time to replace",
        "From acceptance to the end, of those replaced within the day before: half of them took less than p50.",
        [Query(f"histogram_quantile({share:g}, {grown})", name) for share, name in QUANTILES],
        unit="s",
    )
    yield Chart(
        "Failures by reason",
        "Failed within the hour before, by the reason in one word; the trace has the sentence.",
        [Query(f"sum by (reason) ({scope.within(metrics.FAILURES, HOUR)})", "{{reason}}")],
        Look.STACK,
        traces='{ name =~ "replace .*" && span.repave.outcome = "failed" }',
    )
    yield Chart(
        "Under way, by phase",
        "Open replacements and where they stand.",
        [Query(f"sum by (phase) ({scope.most(metrics.IN_FLIGHT)})", "{{phase}}")],
        Look.STACK,
    )


QUANTILES = ((0.5, "p50"), (0.95, "p95"))


def waiting(scope: Scope) -> Iterator[Chart]:
    """Who waits and why."""
    by = "rule" if scope.one_fleet else "fleet"
    yield Chart(
        "What stops the fleet, by rule" if scope.one_fleet else "Stopped fleets",
        "Red while a breaker is open, after failures in a row, at a fault of the whole fleet or of a cohort, while a "
        "source is quiet, or while `hold_while` holds.",
        [Query(f"max by ({by}) ({scope.series(metrics.STOPPED, TROUBLE)})", f"{{{{{by}}}}}")],
        Look.TIMELINE,
        words=STOPPED,
        per_fleet=not scope.one_fleet,
    )
    yield Chart(
        "Holds by veto",
        "Candidates that wait, by the rule that says no; one may wait for several. docs/vetoes.md explains each.",
        [Query(f"sum by (rule) ({scope.most(metrics.HOLDS)})", "{{rule}}")],
        Look.STACK,
        traces='{ name =~ "hold .*" }',
    )
    yield Chart(
        "Breakers and holds",
        "Causes that are not replaced for, by evidence; and open replacements that a person's hold stops.",
        [
            Query(f"sum({scope.most(metrics.BREAKERS)})", "breakers open"),
            Query(f"sum({scope.most(metrics.HELD)})", "replacements held"),
        ],
    )


def budgets(scope: Scope) -> Iterator[Chart]:
    """How much of each limit is used."""
    used, allowed = scope.most(metrics.BUDGET_USED), scope.most(metrics.BUDGET_LIMIT)
    if scope.one_fleet:
        yield Chart(
            "Budget of the fleet",
            "How much of each limit is used. `stop_after_failures` counts failures in a row.",
            [
                Query(f"max by (limit) ({used})", "{{limit}} used"),
                Query(f"max by (limit) ({allowed})", "{{limit}} allowed"),
            ],
            width=12,
        )
    else:
        yield Chart(
            "Budget used, by fleet",
            "The share of each fleet's own limits that is used. At 100% the next replacement waits.",
            [Query(f"{used} / {allowed}", "{{fleet}} {{limit}}")],
            unit="percentunit",
            width=12,
            per_fleet=True,
        )
    yield Chart(
        "Budget over all fleets",
        "How much of the limits that all fleets share is used.",
        [
            Query(scope.most(metrics.SHARED_USED), "{{limit}} used"),
            Query(scope.most(metrics.SHARED_LIMIT), "{{limit}} allowed"),
        ],
        width=12,
    )


def ages(scope: Scope) -> Iterator[Chart]:
    """How old instances and their images are."""
    pairs = (
        ("Age of images", "the images that instances run", metrics.OLDEST_IMAGE, metrics.MEDIAN_IMAGE),
        ("Age of instances", "instances", metrics.OLDEST_INSTANCE, metrics.MEDIAN_INSTANCE),
    )
    for title, what, oldest, middle in pairs:
        yield Chart(
            title,
            f"The oldest and the median of {what}, by fleet. A fleet that is repaved goes up like a saw and never past "
            "its limit (`max_image_age`, `max_age`).",
            [
                Query(scope.most(oldest), "{{fleet}} oldest"),
                Query(scope.most(middle), "{{fleet}} median"),
            ],
            unit="s",
            width=12,
            per_fleet=True,
        )


def delivery(scope: Scope) -> Iterator[Chart]:
    """Whether traces get out of the house."""
    yield Chart(
        "Spans that wait",
        "Spans in the journal that are not delivered yet.",
        [Query(f"max({scope.series(metrics.OUTBOX)})", "waiting")],
    )
    yield Chart(
        "The oldest of them",
        "Backends drop spans that are older than an hour; `repave trace` still draws them.",
        [Query(f"max({scope.series(metrics.OUTBOX_AGE)})", "oldest")],
        unit="s",
        bad=1800,
    )
    told = (
        (metrics.DELIVERED, "delivered"),
        (metrics.DELIVERY_FAILURES, "tried again"),
        (metrics.EXPIRED, "older than an hour"),
        (metrics.REJECTED, "taken and dropped"),
        (metrics.POISONED, "refused for good"),
    )
    yield Chart(
        "Delivery",
        "Spans each second, all daemons together, and requests that had to be tried again.",
        [Query(f"sum(rate({scope.series(metric)}[$__rate_interval]))", name) for metric, name in told],
        unit="ops",
    )
