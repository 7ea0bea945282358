"""The same alerts as Prometheus', as NerdGraph's static NRQL conditions.

Each daemon tells its state twice a minute (`RepaveFleet`, `RepaveDaemon`), so that no window is empty; two daemons tell
the same of a fleet, so that `max` and `min` over both is what is so. Where nothing is told any more, RepaveDown opens
by the loss of its signal.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from controller.record.state import SINCE_LOOK
from tools.dashboards.alerts import LATE_SECONDS, LATE_TICKS, STOPPING, STUCK_SECONDS, UNDELIVERED_SECONDS, Severity
from tools.dashboards.site import Site

MINUTE, HOUR, DAY = 60, 3600, 86_400
LATE_EVENTS_SECONDS = 120
"""How long New Relic waits for what arrives late."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One of them. query: NRQL; compared: with `threshold` by `operator`, for `lasts_seconds`.

    window_seconds: over which values are put together. lost_after_seconds: it opens too when nothing came for so long.
    """

    name: str
    sign: str
    severity: Severity
    query: str
    operator: str
    threshold: float
    lasts_seconds: int
    description: str
    window_seconds: int = MINUTE
    lost_after_seconds: int | None = None


def conditions() -> Iterator[Condition]:
    """All of them, worst first."""
    yield from _pages()
    yield from _tickets()


def _pages() -> Iterator[Condition]:
    critical, fleets, daemons = Severity.CRITICAL, "FROM RepaveFleet", "FROM RepaveDaemon"
    yield Condition(
        *("RepaveDown", "", critical),
        f"SELECT count(*) {daemons}",
        *("BELOW", 1, 5 * MINUTE),
        "No daemon has told its state for ten minutes: none runs, or none reaches New Relic.",
        lost_after_seconds=10 * MINUTE,
    )
    yield Condition(
        *("RepaveNotLooking", "late", critical),
        f"SELECT min({SINCE_LOOK}) - {LATE_TICKS} * max(tick_interval_seconds) {fleets} FACET fleet",
        *("ABOVE", LATE_SECONDS, 2 * MINUTE),
        "The last look at this fleet is older than five minutes and four ticks. What rots there is not seen.",
    )
    yield Condition(
        *("RepaveNotLooking", "never", critical),
        f"SELECT count(*) {fleets} WHERE {SINCE_LOOK} IS NULL FACET fleet",
        *("ABOVE", 0, 10 * MINUTE),
        "This fleet is configured, and no look at it has succeeded yet.",
    )
    yield Condition(
        *("RepaveJournalDown", "", critical),
        f"SELECT min(journal_up) {daemons}",
        *("BELOW", 1, 3 * MINUTE),
        "A daemon has not been able to read its journal for three minutes. It acts on nothing until it can.",
    )
    stopped = " + ".join(f"max(stopped.{rule})" for rule in STOPPING)
    yield Condition(
        *("RepaveStopped", "", critical),
        f"SELECT {stopped} {fleets} FACET fleet",
        *("ABOVE", 0, 5 * MINUTE),
        "Repave stopped itself on this fleet: a breaker, failures in a row, or a fault of the whole fleet or of a "
        "cohort. By the evidence, replacing would not cure it, so a person has to look.",
    )


def _tickets() -> Iterator[Condition]:
    warning, fleets, daemons = Severity.WARNING, "FROM RepaveFleet", "FROM RepaveDaemon"
    yield Condition(
        *("RepaveStuck", "open", warning),
        f"SELECT max(replacement_open_age_seconds) {fleets} FACET fleet",
        *("ABOVE", STUCK_SECONDS, 5 * MINUTE),
        "A replacement on this fleet has been under way for over an hour, holds left out.",
    )
    yield Condition(
        *("RepaveStuck", "held", warning),
        f"SELECT max(replacements_held) {fleets} FACET fleet",
        *("ABOVE", 0, 4 * HOUR),
        "For four hours a hold has stopped what is under way on this fleet, with whatever was launched still there.",
    )
    yield Condition(
        *("RepaveBlind", "verdicts", warning),
        f"SELECT max(blind_ratio) - max(blind_limit_ratio) {fleets} FACET fleet",
        *("ABOVE", 0, 10 * MINUTE),
        "More of this fleet's instances are blind than its policy bears.",
    )
    yield Condition(
        *("RepaveBlind", "source", warning),
        f"SELECT max(stopped.source_quiet) {fleets} FACET fleet",
        *("ABOVE", 0, 10 * MINUTE),
        "A telemetry source says nothing about much of this fleet. The source is the fault, not the fleet.",
    )
    yield Condition(
        *("RepaveConfigRefused", "", warning),
        f"SELECT min(config_last_reload_successful) {daemons}",
        *("BELOW", 1, 5 * MINUTE),
        "A daemon refuses the configuration as it is now and goes on with the one from before. Its log says why.",
    )
    yield Condition(
        *("RepaveTracesNotDelivered", "waiting", warning),
        f"SELECT max(outbox_oldest_age_seconds) {daemons}",
        *("ABOVE", UNDELIVERED_SECONDS, 5 * MINUTE),
        "The oldest span has waited for half an hour. Backends drop what is older than an hour.",
    )
    lost = " + ".join(f"max({name}) - min({name})" for name in ("spans_poisoned_total", "spans_rejected_total"))
    yield Condition(
        *("RepaveTracesNotDelivered", "refused", warning),
        f"SELECT {lost} {daemons} FACET daemon",
        *("ABOVE", 0, 5 * MINUTE),
        "The backend of traces refused or dropped spans for good. `repave trace` still draws them.",
        window_seconds=5 * MINUTE,
    )


def policy(site: Site) -> dict[str, Any]:
    """Variables of alertsPolicyCreate."""
    named = {"name": "Repave", "incidentPreference": "PER_CONDITION_AND_TARGET"}
    return {"accountId": site.account, "policy": named}


def condition(site: Site, wanted: Condition) -> dict[str, Any]:
    """Variables of alertsNrqlConditionStaticCreate, but the policy's id, which the policy gets when it is made.

    Sliding windows, where they are longer than a minute: a total that grew between two of them would be missed.
    """
    term = {
        "operator": wanted.operator,
        "priority": wanted.severity.name,
        "threshold": wanted.threshold,
        "thresholdDuration": wanted.lasts_seconds,
        "thresholdOccurrences": "ALL" if wanted.window_seconds == MINUTE else "AT_LEAST_ONCE",
    }
    slide = {"slideBy": MINUTE} if wanted.window_seconds > MINUTE else {}
    lost = wanted.lost_after_seconds
    return {
        "accountId": site.account,
        "condition": {
            "name": f"{wanted.name} ({wanted.sign})" if wanted.sign else wanted.name,
            "description": wanted.description,
            "enabled": True,
            "runbookUrl": site.runbook_of(wanted.name),
            "nrql": {"query": wanted.query},
            "terms": [term],
            "signal": {
                "aggregationWindow": wanted.window_seconds,
                "aggregationMethod": "EVENT_FLOW",
                "aggregationDelay": LATE_EVENTS_SECONDS,
                **slide,
            },
            "expiration": {
                "expirationDuration": lost or 15 * MINUTE,
                "openViolationOnExpiration": lost is not None,
                "closeViolationsOnExpiration": lost is None,
            },
            "violationTimeLimitSeconds": 3 * DAY,
        },
    }
