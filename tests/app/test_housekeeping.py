"""Who lets go of what is old, and that it is told."""

import asyncio
from datetime import datetime, timedelta

import pytest
from structlog.testing import capture_logs

from controller.app.configuration import specs
from controller.app.housekeeping import Housekeeping
from controller.app.live import Live
from controller.domain.errors import ConfigError, JournalUnavailable
from controller.domain.lifecycle import Outcome
from controller.journal.adapter import JournalAdapter
from controller.journal.sql import SqlJournal
from controller.settings import load
from tests.journal.material import ended
from tests.support.virtual import START, VirtualClock, run

TEXT = """\
version: 1
keep: 100d
fleets:
  web: {asg: {name: web, region: eu-west-1}, max_image_age: 30d}
"""
LONG_AGO = START - timedelta(days=101)


async def journal_with_old_work() -> JournalAdapter:
    journal = JournalAdapter(SqlJournal.open("sqlite:///:memory:", None))
    lease = await journal.acquire("web", "d-1", 365 * 86_400, LONG_AGO)
    assert lease
    for number, at in enumerate((LONG_AGO, START - timedelta(days=80), START)):
        await ended(journal, lease, f"r-{number}", Outcome.REPLACED, at)
    return journal


def keeper(journal: JournalAdapter, clock: VirtualClock, owner: str) -> Housekeeping:
    return Housekeeping(journal, owner, Live(load(TEXT, "repave.yaml", specs()), clock.now()), clock)


async def left(journal: JournalAdapter) -> list[str]:
    return [one.id for one in await journal.replacements()]


def test_the_owner_of_a_lease_lets_go_once_an_hour_and_says_so() -> None:
    async def story(clock: VirtualClock) -> None:
        journal = await journal_with_old_work()
        task = asyncio.create_task(keeper(journal, clock, "d-1").run())
        await clock.sleep(3599)
        assert len(await left(journal)) == 3
        await clock.sleep(2)
        assert await left(journal) == ["r-2", "r-1"]
        await clock.sleep(86_400)
        assert await left(journal) == ["r-2", "r-1"], "a day later nothing else is 100 days old"
        task.cancel()
        await journal.aclose()

    with capture_logs() as logs:
        run(story)
    assert [(line["event"], line["replacements"]) for line in logs] == [("old replacements were let go of", 1)]


def test_a_standby_lets_nothing_go() -> None:
    async def story(clock: VirtualClock) -> None:
        journal = await journal_with_old_work()
        assert await keeper(journal, clock, "d-2").once() == 0
        assert len(await left(journal)) == 3
        await journal.aclose()

    run(story)


def test_a_journal_that_is_away_is_tried_again_an_hour_later() -> None:
    class Away(JournalAdapter):
        away = True

        async def let_go(self, before: datetime) -> int:
            if self.away:
                raise JournalUnavailable("gone")
            return await super().let_go(before)

    async def story(clock: VirtualClock) -> None:
        journal = Away((await journal_with_old_work())._sql)
        task = asyncio.create_task(keeper(journal, clock, "d-1").run())
        await clock.sleep(3601)
        journal.away = False
        await clock.sleep(3600)
        assert await left(journal) == ["r-2", "r-1"]
        task.cancel()
        await journal.aclose()

    run(story)


def test_less_than_what_rules_learn_from_cannot_be_kept() -> None:
    with pytest.raises(ConfigError, match="'keep' must be at least 35d: the rules learn from the last 30 days"):
        load(TEXT.replace("100d", "34d"), "repave.yaml", specs())
