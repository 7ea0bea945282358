"""The pieces are put together from a configuration, and what a policy of the past needs comes from the journal."""

from pathlib import Path

import pytest

from controller.app.build import Builder, PastSites, refuse_orphans, shared_clients
from controller.app.configuration import specs
from controller.app.state import opened_journal
from controller.clock import SystemClock
from controller.domain.errors import ConfigError, JournalUnavailable
from controller.settings import Config, StateAddress, load
from tests.journal.material import accepted, begun, lease_of

TEXT = """\
version: 1
mode: act
state: sqlite:///{state}
fleets:
  web:
    asg: {{name: web, region: eu-west-1}}
    max_image_age: {age}
    degraded_when: [{{name: failing checks, target_health: {{}}, for: 2m}}]
"""


def loaded(folder: Path, age: str = "30d") -> Config:
    return load(TEXT.format(state=folder / "journal.db", age=age), "repave.yaml", specs())


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_a_fleet_gets_a_reader_for_each_condition(tmp_path: Path) -> None:
    config, clock = loaded(tmp_path), SystemClock()
    async with shared_clients(clock) as clients, opened_journal(config.state, clients) as journal:
        site = Builder(config, clock, clients, journal).site(config.fleets["web"])
        assert [condition.name for condition in site.policy.conditions] == ["max_image_age", "failing checks"]
        assert site.policy is config.fleets["web"]


async def test_an_older_policy_is_rebuilt_from_the_journal_once(tmp_path: Path) -> None:
    then, now, clock = loaded(tmp_path, "20d"), loaded(tmp_path, "30d"), SystemClock()
    old = then.fleets["web"]
    assert old.hash != now.fleets["web"].hash
    async with shared_clients(clock) as clients, opened_journal(now.state, clients) as journal:
        sites = PastSites(Builder(now, clock, clients, journal))
        assert await sites(old.hash) is None, "nobody kept it"
        await journal.save_policy(old)
        site = await sites(old.hash)
        assert site is not None
        assert site.policy == old
        assert await sites(old.hash) is site


async def test_reading_makes_no_file_and_writing_does(tmp_path: Path) -> None:
    config = loaded(tmp_path)
    async with (
        shared_clients(SystemClock()) as clients,
        opened_journal(config.state, clients, read_only=True) as journal,
    ):
        assert await journal.open_replacements() == ()
    assert files(tmp_path) == []
    async with shared_clients(SystemClock()) as clients, opened_journal(config.state, clients):
        pass
    assert "journal.db" in files(tmp_path)


async def test_a_journal_that_cannot_be_opened_leaves_nothing_behind(tmp_path: Path) -> None:
    state = StateAddress(f"sqlite:///{tmp_path / 'absent' / 'journal.db'}")
    with pytest.raises(JournalUnavailable, match="there is no directory"):
        async with shared_clients(SystemClock()) as clients, opened_journal(state, clients):
            pytest.fail("it was opened")


async def test_a_fleet_with_work_under_way_cannot_be_left_out(tmp_path: Path) -> None:
    config = loaded(tmp_path)
    async with shared_clients(SystemClock()) as clients, opened_journal(config.state, clients) as journal:
        await refuse_orphans(journal, config.fleets)
        await begun(journal, await lease_of(journal), accepted("r-1"))
        await refuse_orphans(journal, config.fleets)
        await begun(journal, await lease_of(journal, "shop"), accepted("r-2", fleet="shop", predecessor="i-2"))
        with pytest.raises(ConfigError, match=r"leaves out fleets with replacements under way: shop \(r-2\)"):
            await refuse_orphans(journal, config.fleets)
