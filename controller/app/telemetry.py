"""What this daemon says of itself to the backends of traces and metrics."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from importlib.metadata import version
from urllib.parse import unquote

from controller.app.ended import Ended, Stories
from controller.app.last_known import LastKnown
from controller.domain.errors import JournalUnavailable
from controller.domain.policy import Policy
from controller.domain.ports import Clock
from controller.domain.replacement import Replacement
from controller.record.metrics import Metrics, View

ANSWER_WITHIN_SECONDS = 5.0
"""Prometheus gives up after ten by default, and then takes the daemon for gone."""


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
    """Brings the metrics up to date from the journal, at each scrape.

    journal: of which what is new is counted. known: the same, as it was last known while it is not there.
    """

    def __init__(
        self,
        metrics: Metrics,
        journal: Stories,
        known: LastKnown,
        owner: str,
        fleets: Mapping[str, Policy],
        clock: Clock,
    ) -> None:
        self._metrics = metrics
        self._journal = known
        self._ended = Ended(journal)
        self._refreshing: asyncio.Task[None] | None = None
        self._has_view = False
        self._owner = owner
        self._fleets = fleets
        self._clock = clock
        self._waiting: tuple[int, datetime | None] = (0, None)

    def watching(self, fleets: Mapping[str, Policy]) -> None:
        """From now on, these are the fleets."""
        self._fleets = fleets

    async def text(self) -> bytes:
        """The present state in Prometheus' text format; the last known one while the journal is not there, or does not
        answer in time. Who asks meanwhile waits for the same answer, and one who leaves does not end the asking: the
        first takes as long as there is history."""
        if self._refreshing is None or self._refreshing.done():
            self._refreshing = asyncio.create_task(self._refresh(), name="metrics")
        done, _ = await asyncio.wait((self._refreshing,), timeout=ANSWER_WITHIN_SECONDS)
        if done:
            self._refreshing.result()
        elif self._has_view:
            self._metrics.journal_is(up=False)
        return self._metrics.text()

    async def _refresh(self) -> None:
        there = self._journal.lost is None
        try:
            if there:
                oldest = await self._journal.pending(1)
                self._waiting = await self._journal.outbox_size(), oldest[0][2] if oldest else None
        except JournalUnavailable:
            there = False
        with suppress(JournalUnavailable):
            self._metrics.show(await self._view())
            self._has_view = True
        self._metrics.journal_is(up=there)

    async def _view(self) -> View:
        journal, now = self._journal, self._clock.now()
        leases = {}
        for fleet in self._fleets:
            lease = await journal.holder(fleet)
            leases[fleet] = lease is not None and lease.owner == self._owner and lease.expires_at > now
        waiting, oldest_at = self._waiting
        return View(
            reports=await journal.reports(),
            replacements=await self._replacements(),
            policies=self._fleets,
            leases=leases,
            outbox_pending=waiting,
            outbox_oldest_at=oldest_at,
            now=now,
        )

    async def _replacements(self) -> tuple[Replacement, ...]:
        """What ended since the last view, and what is open; without a journal, what was last known to be open."""
        try:
            return await self._ended.read()
        except JournalUnavailable:
            if not self._has_view:
                raise
            return await self._journal.open_replacements()
