"""What the daemon says of itself."""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import cast

from controller.app.build import shared_clients
from controller.app.last_known import LastKnown
from controller.app.state import opened_journal
from controller.app.telemetry import Gauges, program_version, resource_attributes
from controller.domain.lifecycle import Outcome
from controller.domain.policy import Policy
from controller.record.delivery import Counts
from controller.record.metrics import Metrics
from controller.settings import StateAddress
from tests.journal.material import NOON, EventSpans, accepted, begun, ended, lease_of
from tests.support import builders
from tests.support.virtual import VirtualClock, run


def policies(*fleets: str) -> dict[str, Policy]:
    return {fleet: builders.policy(fleet=fleet) for fleet in fleets}


class Noon(VirtualClock):
    def now(self) -> datetime:
        return NOON


def test_the_resource_is_the_same_for_every_daemon_of_one_deployment() -> None:
    assert resource_attributes({}) == {"service.name": "repave", "service.version": program_version()}


def test_the_operators_words_go_first() -> None:
    said = {
        "OTEL_SERVICE_NAME": "repave-eu",
        "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=prod, team=a%2Cb,service.name=other,broken,=x",
    }
    assert resource_attributes(said) == {
        "service.name": "repave-eu",
        "service.version": program_version(),
        "deployment.environment.name": "prod",
        "team": "a,b",
    }


async def test_metrics_come_from_the_journal_and_count_what_was_there_before_us(tmp_path: Path) -> None:
    metrics = Metrics("1.0", Counts())
    state = StateAddress(f"sqlite:///{tmp_path / 'journal.db'}")
    async with shared_clients(Noon()) as clients, opened_journal(state, clients, EventSpans()) as journal:
        lease = await lease_of(journal)
        for number in range(3):
            await ended(journal, lease, f"r-{number}", Outcome.REPLACED)
        gauges = Gauges(metrics, journal, LastKnown(journal), "d-1", policies("web", "api"), Noon())
        first = (await gauges.text()).decode()
        assert 'repave_replacements_total{cause="",fleet="web",outcome="replaced"} 3.0' in first
        assert 'repave_lease_held{fleet="web"} 1.0' in first
        assert 'repave_lease_held{fleet="api"} 0.0' in first
        assert f"repave_outbox_pending {3.0 * 14}" in first
        assert "repave_outbox_oldest_age_seconds" in first
        await ended(journal, lease, "r-3", Outcome.REPLACED)
        await begun(journal, lease, accepted("r-4"))
        second = (await gauges.text()).decode()
        assert 'repave_replacements_total{cause="",fleet="web",outcome="replaced"} 4.0' in second
        assert 'repave_replacements_in_flight{fleet="web",phase="accepted"} 1.0' in second


async def test_metrics_are_still_told_when_the_journal_is_gone(tmp_path: Path) -> None:
    metrics = Metrics("1.0", Counts())
    path = tmp_path / "journal.db"
    state = StateAddress(f"sqlite:///{path}")
    async with shared_clients(Noon()) as clients, opened_journal(state, clients) as journal:
        lease = await lease_of(journal)
        await ended(journal, lease, "r-1", Outcome.REPLACED)
        gauges = Gauges(metrics, journal, LastKnown(journal), "d-1", policies("web"), Noon())
        before = await gauges.text()
        assert b"repave_journal_up 1.0" in before
        await journal.aclose()
        path.write_bytes(b"broken " * 4096)
        assert await gauges.text() == before.replace(b"repave_journal_up 1.0", b"repave_journal_up 0.0")


class Slow:
    """A journal without history that takes its time. Whoever asks meanwhile waits for the same answer."""

    lost = None

    def __init__(self, clock: VirtualClock, seconds: float) -> None:
        self._clock, self.seconds, self.asked = clock, seconds, 0

    async def pending(self, limit: int) -> tuple[()]:
        self.asked += 1
        await self._clock.sleep(self.seconds)
        return ()

    async def outbox_size(self) -> int:
        return 0

    async def nothing(self, *_: object) -> tuple[()]:
        return ()

    reports = replacements = open_replacements = events = nothing

    async def holder(self, fleet: str) -> None:
        return None


def test_a_journal_that_hangs_holds_no_scrape_up_and_is_said_to_be_down() -> None:
    async def story(clock: VirtualClock) -> list[str]:
        journal = Slow(clock, 7.0)
        gauges = Gauges(Metrics("1.0", Counts()), journal, cast("LastKnown", journal), "d-1", policies("web"), clock)
        began = clock.now()
        early, other = await asyncio.gather(gauges.text(), gauges.text())
        assert (clock.now() - began).total_seconds() == 5
        late = await gauges.text()
        assert ((clock.now() - began).total_seconds(), journal.asked) == (7, 1)
        journal.seconds = 60.0
        hanging = await gauges.text()
        return [text.decode() for text in (early, other, late, hanging)]

    early, other, late, hanging = run(story)
    for text in (early, other):
        assert "repave_fleet_info{" not in text, "totals that begin at 0 before the past is known would seem to jump"
        assert "repave_replacements_total{" not in text
    assert 'repave_replacements_total{cause="aged",fleet="web",outcome="replaced"} 0.0' in late
    assert "repave_journal_up 1.0" in late
    assert "repave_journal_up 0.0" in hanging
    assert "repave_fleet_info{" in hanging
