"""What New Relic's dashboard shows: pages of widgets, each with its NRQL."""

from collections.abc import Sequence
from dataclasses import dataclass

from controller.record.fleet_metrics import STOPS
from controller.record.state import BLIND_RATIO, SINCE_LOOK

LINE, AREA, TABLE, BILLBOARD = "line", "area", "table", "billboard"
NOW = "SINCE 5 minutes ago"

OF_FLEET = "FROM RepaveFleet WHERE fleet LIKE {{fleet}}"
OF_EVENT = "WHERE fleet LIKE {{fleet}}"
REPLACED = "FROM Span WHERE name LIKE 'replace %' AND repave.fleet LIKE {{fleet}} AND repave.outcome IS NOT NULL"
REFUSED = "FROM Span WHERE name LIKE 'hold %' AND repave.fleet LIKE {{fleet}}"
LOOKED = "FROM Span WHERE name LIKE 'tick %' AND repave.fleet LIKE {{fleet}}"
"""A replacement's trace that was continued has several roots; the last one alone has an outcome."""


@dataclass(frozen=True, slots=True)
class Widget:
    """One widget. shape: line, area, table or billboard. width: of 12."""

    title: str
    shape: str
    query: str
    width: int = 4


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a dashboard."""

    name: str
    about: str
    widgets: Sequence[Widget]


def pages() -> tuple[Page, ...]:
    """All of them."""
    return (_well(), _replacements(), _waiting(), _ages(), _daemons())


def _well() -> Page:
    told = (
        "latest(platform)",
        "latest(mode)",
        f"min({SINCE_LOOK}) AS 'since the last look, s'",
        "latest(instances.all) AS 'instances'",
        f"max({BLIND_RATIO}) AS 'blind'",
        "max(breakers_open) AS 'breakers'",
        "max(replacement_open_age_seconds) AS 'longest under way, s'",
        "max(replacements_held) AS 'held'",
    )
    stopped = ", ".join(f"max(stopped.{rule}) AS '{rule}'" for rule in STOPS)
    verdicts = ("tampered", "degraded", "drifted", "aged", "blind", "healthy")
    counted = ", ".join(f"max(instances.{verdict}) AS '{verdict}'" for verdict in verdicts)
    return Page(
        "Is all well?",
        "Whether each fleet is looked at, what is seen of it, and what stops it.",
        (
            Widget("Fleets now", TABLE, f"SELECT {', '.join(told)} {OF_FLEET} FACET fleet {NOW} LIMIT MAX", 12),
            Widget("Since the last look, s", LINE, f"SELECT min({SINCE_LOOK}) {OF_FLEET} FACET fleet TIMESERIES"),
            Widget("Blind share", LINE, f"SELECT max({BLIND_RATIO}) {OF_FLEET} FACET fleet TIMESERIES"),
            Widget("What stops fleets", LINE, f"SELECT {stopped} {OF_FLEET} TIMESERIES"),
            Widget("The largest fleet by verdict", AREA, f"SELECT {counted} {OF_FLEET} TIMESERIES", 12),
        ),
    )


def _replacements() -> Page:
    listed = (
        "timestamp, repave.fleet, repave.predecessor.id, repave.successor.id, repave.verdict, repave.rule, "
        "repave.outcome, repave.verification, repave.reason, repave.replacement.id, trace.id"
    )
    taken = (
        "SELECT percentile(seconds, 50, 95) FROM RepaveReplacement WHERE outcome = 'replaced' AND fleet LIKE {{fleet}}"
    )
    return Page(
        "Replacements",
        "What was replaced, for what reason, how long it took and how it ended; each has its trace.",
        (
            Widget("By outcome", AREA, f"SELECT count(*) {REPLACED} FACET repave.outcome TIMESERIES"),
            Widget("By cause", AREA, f"SELECT count(*) {REPLACED} FACET repave.verdict TIMESERIES"),
            Widget("By rule", AREA, f"SELECT count(*) {REPLACED} FACET repave.rule TIMESERIES"),
            Widget("Time to replace, s", LINE, f"{taken} TIMESERIES"),
            Widget(
                "Failures by reason",
                AREA,
                f"SELECT count(*) {REPLACED} AND repave.outcome = 'failed' FACET error.type TIMESERIES",
            ),
            Widget("Proof", AREA, f"SELECT count(*) {REPLACED} FACET repave.verification TIMESERIES"),
            Widget("The newest, with their traces", TABLE, f"SELECT {listed} {REPLACED} LIMIT 100", 12),
        ),
    )


def _waiting() -> Page:
    listed = "timestamp, repave.fleet, repave.instance.id, repave.verdict, repave.vetoes, trace.id"
    budgets = ("max_in_flight", "replacements_per_hour", "stop_after_failures")
    used = ", ".join(
        f"max(budget_used.{name}) AS '{name} used', max(budget_limit.{name}) AS '{name} allowed'" for name in budgets
    )
    shared = ", ".join(
        f"max(budget_used.{name}) AS '{name} used', max(budget_limit.{name}) AS '{name} allowed'"
        for name in budgets[1:]
    )
    return Page(
        "What waits, and why",
        "Candidates that are not replaced, by the vetoes that hold them, and how much room the limits leave.",
        (
            Widget("Holds by veto", AREA, f"SELECT count(*) FROM RepaveHold {OF_EVENT} FACET rules TIMESERIES", 6),
            Widget("Holds by verdict", AREA, f"SELECT count(*) {REFUSED} FACET repave.verdict TIMESERIES", 6),
            Widget("The newest refusals, with their traces", TABLE, f"SELECT {listed} {REFUSED} LIMIT 100", 12),
            Widget("Budget of each fleet", TABLE, f"SELECT {used} {OF_FLEET} FACET fleet {NOW} LIMIT MAX", 8),
            Widget("Budget over all fleets", BILLBOARD, f"SELECT {shared} FROM RepaveDaemon {NOW}"),
        ),
    )


def _ages() -> Page:
    ages = ("oldest_image", "median_image", "oldest_instance", "median_instance")
    return Page(
        "Age",
        "How old instances and their images are, in days. A fleet that is repaved never passes its limit.",
        tuple(
            Widget(
                f"{age.replace('_', ' ').capitalize()}, days",
                LINE,
                f"SELECT max({age}_age_seconds) / 86400 {OF_FLEET} FACET fleet TIMESERIES",
                6,
            )
            for age in ages
        ),
    )


def _daemons() -> Page:
    state = "min(journal_up) AS 'journal', min(config_last_reload_successful) AS 'configuration'"
    spans = "max(outbox_pending) AS 'waiting', max(outbox_oldest_age_seconds) AS 'oldest, s'"
    lost = "max(spans_poisoned_total) AS 'refused', max(spans_rejected_total) AS 'dropped'"
    return Page(
        "Daemons",
        "Looks, who looks, the journal, the configuration, and whether traces get out.",
        (
            Widget("1 is good", BILLBOARD, f"SELECT {state} FROM RepaveDaemon {NOW}"),
            Widget("Spans on their way", LINE, f"SELECT {spans} FROM RepaveDaemon TIMESERIES"),
            Widget(
                "Spans lost since each daemon's start", TABLE, f"SELECT {lost} FROM RepaveDaemon FACET daemon {NOW}"
            ),
            Widget(
                "Looks by how they came out", AREA, f"SELECT count(*) {LOOKED} FACET repave.tick.outcome TIMESERIES"
            ),
            Widget(
                "How long a look takes, ms",
                LINE,
                f"SELECT percentile(duration.ms, 95) {LOOKED} FACET repave.fleet TIMESERIES",
            ),
            Widget("Who may act", TABLE, f"SELECT latest(lease_held) {OF_FLEET} FACET fleet, daemon {NOW} LIMIT MAX"),
        ),
    )
