"""What this daemon says of itself to the backends of traces and metrics."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from importlib.metadata import version
from urllib.parse import unquote

from controller.app.last_known import LastKnown
from controller.domain.errors import JournalUnavailable
from controller.domain.policy import Policy
from controller.domain.ports import Clock
from controller.record.metrics import Metrics, View

MOST_CLOSED_BETWEEN_SCRAPES = 500
MOST_CLOSED_EVER = 100_000


def program_version() -> str:
    """The version of Repave that runs."""
    return version("repave")


def resource_attributes(environment: Mapping[str, str]) -> dict[str, str]:
    """Who sends the spans: OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES (`key=value,key=value`, percent-encoded) over
    our own name and version. Nothing of this process alone is in it: a daemon that takes over sends the same."""
    attributes = {"service.name": "repave", "service.version": program_version()}
    for entry in environment.get("OTEL_RESOURCE_ATTRIBUTES", "").split(","):
        key, equals, value = entry.partition("=")
        if equals and key.strip():
            attributes[unquote(key.strip())] = unquote(value.strip())
    if environment.get("OTEL_SERVICE_NAME"):
        attributes["service.name"] = environment["OTEL_SERVICE_NAME"]
    return attributes


class Gauges:
    """Brings the metrics up to date from the journal, at each scrape."""

    def __init__(
        self, metrics: Metrics, journal: LastKnown, owner: str, fleets: Mapping[str, Policy], clock: Clock
    ) -> None:
        self._metrics = metrics
        self._journal = journal
        self._owner = owner
        self._fleets = fleets
        self._clock = clock
        self._limit = MOST_CLOSED_EVER
        self._waiting: tuple[int, datetime | None] = (0, None)

    def watching(self, fleets: Mapping[str, Policy]) -> None:
        """From now on, these are the fleets."""
        self._fleets = fleets

    async def text(self) -> bytes:
        """The present state in Prometheus' text format; the last known one while the journal is not there."""
        there = self._journal.lost is None
        try:
            oldest = await self._journal.pending(1)
            self._waiting = await self._journal.outbox_size(), oldest[0][2] if oldest else None
        except JournalUnavailable:
            there = False
        with suppress(JournalUnavailable):
            self._metrics.show(await self._view())
            self._limit = MOST_CLOSED_BETWEEN_SCRAPES
        self._metrics.journal_is(up=there)
        return self._metrics.text()

    async def _view(self) -> View:
        journal, now = self._journal, self._clock.now()
        leases = {}
        for fleet in self._fleets:
            lease = await journal.holder(fleet)
            leases[fleet] = lease is not None and lease.owner == self._owner and lease.expires_at > now
        newest = {item.id: item for item in await journal.replacements(self._limit)}
        newest |= {item.id: item for item in await journal.open_replacements()}
        waiting, oldest_at = self._waiting
        return View(
            reports=await journal.reports(),
            replacements=tuple(newest.values()),
            policies=self._fleets,
            leases=leases,
            outbox_pending=waiting,
            outbox_oldest_at=oldest_at,
            now=now,
        )
