"""What a running daemon refuses to take, and how it says so; the rest is in tests/e2e/test_reload.py."""

from dataclasses import replace
from pathlib import Path

import pytest

from controller.app.configuration import specs
from controller.app.live import Live
from controller.app.reload import refuse_fixed, refuse_lost_sources
from controller.domain.errors import ConfigError
from controller.domain.policy import Policy
from controller.journal.adapter import JournalAdapter
from controller.journal.sql import SqlJournal
from controller.settings import Config, Listen, Source, StateAddress, load
from controller.settings.document import sealed
from tests.journal.material import NOON, accepted, begun, later, lease_of

TEXT = """\
version: 1
state: sqlite:///{state}
fleets:
  web: {{asg: {{name: web, region: eu-west-1}}, max_image_age: 30d}}
"""


def loaded(folder: Path) -> Config:
    return load(TEXT.format(state=folder / "journal.db"), "repave.yaml", specs())


def test_what_only_a_start_can_change_is_named(tmp_path: Path) -> None:
    config = loaded(tmp_path)
    refuse_fixed(config, replace(config, hash="other", tick_seconds=1.0))
    moved = replace(
        config, state=StateAddress("sqlite:///else.db"), listen=Listen("127.0.0.1", 1), lease_ttl_seconds=1.0
    )
    with pytest.raises(ConfigError) as caught:
        refuse_fixed(config, moved)
    assert str(caught.value).splitlines() == [
        f"'{key}' cannot change while the daemon runs: it needs a restart." for key in ("state", "listen", "lease")
    ]


async def test_a_source_that_open_work_reads_cannot_be_left_out(tmp_path: Path) -> None:
    config = loaded(tmp_path)
    policy = reading(config.fleets["web"], "metrics_eu")
    assert isinstance(config.state, StateAddress)
    sql = SqlJournal.open(config.state.url, None)
    journal = JournalAdapter(sql)
    await journal.save_policy(policy)
    await begun(journal, await lease_of(journal), accepted("r-1", policy_hash=policy.hash))
    with pytest.raises(ConfigError, match=r"leaves out the telemetry source 'metrics_eu', which r-1 of web still"):
        await refuse_lost_sources(journal, config)
    there = replace(config, telemetry={"metrics_eu": Source("metrics_eu", "prometheus", None)})
    await refuse_lost_sources(journal, there)
    sql.close()


def reading(policy: Policy, source: str) -> Policy:
    """The same, with its first condition read from a source."""
    first, *rest = policy.conditions
    return sealed(replace(policy, conditions=(replace(first, source=source), *rest)))


def test_it_says_since_when_a_newer_one_is_refused(tmp_path: Path) -> None:
    live = Live(loaded(tmp_path), NOON)
    assert live.sentence() == "configuration and journal are good"
    live.refuse(("one", "two"), later(60))
    live.refuse(("one",), later(90))
    assert live.document()["refused_at"] == "2026-11-23T12:01:00Z", "since the first time"
    assert "refused since 2026-11-23T12:01:00Z (1 problem, the log has them)" in live.sentence()
    assert "the one of 2026-11-23T12:00:00Z stays in force" in live.sentence()
    live.take(live.config, later(120))
    assert (live.document()["refused_at"], live.loaded_at) == (None, later(120))
