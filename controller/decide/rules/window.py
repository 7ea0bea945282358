"""The aged and the drifted can wait for a time at which somebody watches."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from cronsim import CronSim

from controller.decide.rule import RuleSpec
from controller.domain.model import Snapshot
from controller.domain.policy import Policy, Window
from controller.domain.verdict import Candidate, Draft, VerdictKind
from controller.domain.veto import Needs, Veto
from controller.domain.words import moment_words, span_words

PATIENT = frozenset({VerdictKind.AGED, VerdictKind.DRIFTED})
"""Verdicts that can wait. The degraded and the tampered cannot, and neither can what was declared urgent."""


def check(candidate: Candidate, draft: Draft, snapshot: Snapshot, policy: Policy) -> Veto | None:
    """Vetoes an aged or drifted candidate outside every window, until the next one opens; none declared is any time."""
    if not policy.windows or candidate.verdict.kind not in PATIENT or candidate.verdict.urgent:
        return None
    openings = [(opening(window, snapshot.now), window) for window in policy.windows]
    coming = [(opens_at, window) for opens_at, window in openings if opens_at is not None]
    if any(opens_at <= snapshot.now for opens_at, _ in coming):
        return None
    if not coming:
        return Veto("window", "outside its windows, none of which ever opens again", Needs.PERSON)
    opens_at, window = min(coming, key=lambda item: item[0])
    return Veto("window", f"outside its windows: opens {_words(window, opens_at, snapshot.now)}", Needs.WORLD, opens_at)


@lru_cache(maxsize=256)
def opening(window: Window, now: datetime) -> datetime | None:
    """When the window opened, if it is open now, else when it opens next; in UTC. None when it never does.

    It is open at `now` when it last opened less than its length ago: so the first opening after `now` less its length
    answers both. An opening that the clock skips in spring comes when the clock has been put forward; one that it
    repeats in autumn comes once, unless the hour is a `*` in the cron.
    """
    since = now - timedelta(seconds=window.for_seconds)
    return next(_openings(window, since), None)


def _openings(window: Window, since: datetime) -> Iterator[datetime]:
    # Times of one zone compare by their wall clocks, whatever the hour they repeat: so compare in UTC.
    for at in CronSim(window.cron, since.astimezone(ZoneInfo(window.timezone))):
        if at.astimezone(UTC) > since:
            yield at.astimezone(UTC)


def _words(window: Window, opens_at: datetime, now: datetime) -> str:
    zone = ZoneInfo(window.timezone)
    at = moment_words(opens_at.astimezone(zone), now.astimezone(zone), window.timezone)
    waits, lasts = span_words((opens_at - now).total_seconds()), span_words(window.for_seconds)
    return f"{at} (in {waits}), for {lasts} ({CronSim(window.cron, opens_at).explain()})"


RULE = RuleSpec("window", "What can wait is replaced only within the declared windows.", check=check)
