"""The alerts: what each one means and when it calls somebody. Prometheus' rules and New Relic's conditions are both
written from this list.

A page (critical) says that nobody looks, or that Repave stopped and waits for a person. A ticket (warning) says that
something needs a person within the day. A rolling deployment of the daemon, or one of two daemons gone, is neither.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from controller.record import catalogue as metrics
from tools.dashboards.site import Site

STOPPING = ("breaker", "cohort_moved", "fleet_wide_fault", "stop_after_failures")
"""The rules that stop for a person to come. Not `hold_while`, which an operator declared and the world ends, and not
`source_quiet`, which is RepaveBlind."""

LATE_SECONDS = 300
LATE_TICKS = 4
"""A look is late after so long and so many ticks: failed looks are tried again after five minutes at most."""

STUCK_SECONDS = 3600
"""All deadlines of a replacement together stay below 50 minutes."""

UNDELIVERED_SECONDS = 1800
"""Backends of traces drop spans that are older than an hour."""

REMEMBERED = "6h"
"""For how long an installation that is gone is missed by its name."""


class Severity(StrEnum):
    """Whom it concerns: somebody now, or somebody today."""

    CRITICAL = "critical"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Alert:
    """One way in which an alert comes about. Several may share a name, and so a heading in the runbook; then `sign`, a
    label, tells them apart.

    expression: PromQL. lasts: for how long it has to be so. summary: one line; description: what is so, with the value.
    """

    name: str
    severity: Severity
    expression: str
    lasts: str
    summary: str
    description: str
    sign: str = ""


def alerts(site: Site) -> Iterator[Alert]:
    """All of them, worst first."""
    yield from _down(site)
    yield from _not_looking(site)
    yield from _journal_down(site)
    yield from _stopped(site)
    yield from _stuck(site)
    yield from _blind(site)
    yield from _config_refused(site)
    yield from _traces_not_delivered(site)


def _down(site: Site) -> Iterator[Alert]:
    build = metrics.BUILD.name
    yield Alert(
        "RepaveDown",
        Severity.CRITICAL,
        f"{site.most(f'max_over_time({build}[{REMEMBERED}])')}\nunless\n{site.most(build)}\n"
        f"or\nabsent(max_over_time({build}[{REMEMBERED}]))",
        "5m",
        "No Repave daemon answers",
        "Prometheus has scraped no daemon of this installation for five minutes: none runs, or none can be reached. "
        "Nothing is looked at and nothing is replaced.",
    )


def _not_looking(site: Site) -> Iterator[Alert]:
    look, interval = metrics.LAST_LOOK.name, metrics.TICK_INTERVAL.name
    yield Alert(
        "RepaveNotLooking",
        Severity.CRITICAL,
        f"time() - {site.most(look, 'fleet')}\n> {LATE_SECONDS} + {LATE_TICKS} * {site.most(interval, 'fleet')}",
        "2m",
        "Nobody looks at fleet {{ $labels.fleet }}",
        "The last look at fleet {{ $labels.fleet }} was {{ $value | humanizeDuration }} ago. "
        "What rots there is not seen.",
        "late",
    )
    yield Alert(
        "RepaveNotLooking",
        Severity.CRITICAL,
        f"{site.most(metrics.FLEET.name, 'fleet')}\nunless\n{site.most(look, 'fleet')}",
        "10m",
        "Fleet {{ $labels.fleet }} was never looked at",
        "Fleet {{ $labels.fleet }} is configured, and no look at it has succeeded yet.",
        "never",
    )
    yield Alert(
        "RepaveNotLooking",
        Severity.CRITICAL,
        f"absent({look})",
        "5m",
        "Nobody says when a fleet was last looked at",
        "There is no series of last looks at all: no daemon is scraped, or none has looked at anything yet.",
        "gone",
    )


def _journal_down(site: Site) -> Iterator[Alert]:
    yield Alert(
        "RepaveJournalDown",
        Severity.CRITICAL,
        f"{site.least(metrics.JOURNAL_UP.name)} == 0",
        "3m",
        "A Repave daemon cannot reach its journal",
        "At least one daemon has not been able to read its journal for three minutes. It acts on nothing until it can; "
        "replacements under way stand where they are.",
    )


def _stopped(site: Site) -> Iterator[Alert]:
    stopped = f'{metrics.STOPPED.name}{{rule=~"{"|".join(STOPPING)}"}}'
    yield Alert(
        "RepaveStopped",
        Severity.CRITICAL,
        f"{site.most(stopped, 'fleet', 'rule')} == 1",
        "5m",
        "Repave stopped itself on fleet {{ $labels.fleet }}: {{ $labels.rule }}",
        "Rule {{ $labels.rule }} stops replacements on fleet {{ $labels.fleet }}. By the evidence, replacing would not "
        "cure it, so a person has to look.",
    )


def _stuck(site: Site) -> Iterator[Alert]:
    yield Alert(
        "RepaveStuck",
        Severity.WARNING,
        f"{site.most(metrics.OPEN_AGE.name, 'fleet')} > {STUCK_SECONDS}",
        "5m",
        "A replacement on fleet {{ $labels.fleet }} does not end",
        "A replacement on fleet {{ $labels.fleet }} has been under way for {{ $value | humanizeDuration }}, holds left "
        "out. All its deadlines together are shorter than an hour.",
        "open",
    )
    yield Alert(
        "RepaveStuck",
        Severity.WARNING,
        f"{site.most(metrics.HELD.name, 'fleet')} > 0",
        "4h",
        "A hold has stopped a replacement on fleet {{ $labels.fleet }} half-way for hours",
        "For four hours a hold has stopped what is under way on fleet {{ $labels.fleet }} ({{ $value }} open), with "
        "whatever was launched still there.",
        "held",
    )


def _blind(site: Site) -> Iterator[Alert]:
    instances = metrics.INSTANCES.name
    quiet = f'{metrics.STOPPED.name}{{rule="source_quiet"}}'
    blind = site.most(f'{instances}{{verdict="blind"}}', "fleet")
    everybody = site.total(site.most(instances, "fleet", "verdict"), "fleet")
    yield Alert(
        "RepaveBlind",
        Severity.WARNING,
        f"{blind}\n/ {everybody}\n> {site.most(metrics.BLIND_LIMIT.name, 'fleet')}",
        "10m",
        "Repave is blind on fleet {{ $labels.fleet }}",
        "{{ $value | humanizePercentage }} of the instances of fleet {{ $labels.fleet }} are blind: nothing is found "
        "about them, and a rule that could have found something has gone unanswered.",
        "verdicts",
    )
    yield Alert(
        "RepaveBlind",
        Severity.WARNING,
        f"{site.most(quiet, 'fleet', 'rule')} == 1",
        "10m",
        "A telemetry source went quiet for much of fleet {{ $labels.fleet }}",
        "A source says nothing about much of fleet {{ $labels.fleet }}, so that nothing is replaced there. The source "
        "is the fault, not the fleet.",
        "source",
    )


def _config_refused(site: Site) -> Iterator[Alert]:
    yield Alert(
        "RepaveConfigRefused",
        Severity.WARNING,
        f"{site.least(metrics.CONFIG_GOOD.name)} == 0",
        "5m",
        "Repave refuses its newest configuration",
        "At least one daemon refuses the configuration as it is now and goes on with the one from before. "
        "Its log names each problem with file, line and column.",
    )


def _traces_not_delivered(site: Site) -> Iterator[Alert]:
    yield Alert(
        "RepaveTracesNotDelivered",
        Severity.WARNING,
        f"{site.most(metrics.OUTBOX_AGE.name)} > {UNDELIVERED_SECONDS}",
        "5m",
        "Traces of replacements are not delivered",
        "The oldest span has waited for {{ $value | humanizeDuration }}. Backends drop what is older than an hour; in "
        "the journal nothing is lost.",
        "waiting",
    )
    lost = f"increase({metrics.POISONED.name}[1h]) + increase({metrics.REJECTED.name}[1h])"
    yield Alert(
        "RepaveTracesNotDelivered",
        Severity.WARNING,
        f"{site.total(lost)} > 0",
        "0m",
        "The backend of traces refuses spans",
        "In the last hour the backend refused or dropped about {{ $value | humanize }} spans for good. `repave trace` "
        "still draws them from the journal.",
        "refused",
    )
