"""The addresses a journal may have, and opening one to read it."""

import os
import tempfile
from pathlib import Path

import pytest
from sqlalchemy import make_url

from controller.domain.errors import ConfigError, JournalUnavailable
from controller.domain.model import Hold
from controller.journal.sql import SqlJournal
from controller.journal.sqlite import engine
from controller.journal.sqlite.migrations import MIGRATIONS
from controller.journal.sqlite.store import location
from controller.journal.versions import version
from tests.journal.files import bytes_of, opened, written
from tests.journal.material import accepted, begun, later, lease_of


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


def test_three_slashes_are_relative_and_four_absolute() -> None:
    assert location(make_url("sqlite:///repave.db")) == Path.cwd() / "repave.db"
    assert location(make_url("sqlite:////var/lib/repave.db")) == Path("/var/lib/repave.db")
    assert location(make_url("sqlite:///:memory:")) is None


@pytest.mark.parametrize("url", ["mysql://ana:secret@db/repave", "dynamodb://table", "sqlite+aiosqlite:///x.db"])
def test_no_other_database_is_taken_for_one_of_these(url: str) -> None:
    with pytest.raises(ConfigError, match="is no SQL database that a journal can be in") as caught:
        SqlJournal.open(url, None)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["sqlite://repave.db", "sqlite://", "sqlite:///", "sqlite:///x.db?mode=ro"])
def test_a_file_s_address_is_exact(url: str) -> None:
    with pytest.raises(ConfigError, match="three slashes"):
        SqlJournal.open(url, None)


def test_what_is_no_address_is_said_without_repeating_it() -> None:
    with pytest.raises(ConfigError, match="not an address") as caught:
        SqlJournal.open("my secret", None)
    assert "secret" not in str(caught.value)


async def test_an_absent_journal_is_empty_and_stays_absent(file: Path) -> None:
    journal = opened(file, read_only=True)
    assert await journal.replacements() == ()
    assert await journal.healthy()
    await journal.aclose()
    assert not list(file.parent.iterdir())


async def test_an_empty_file_stays_empty(tmp_path: Path) -> None:
    with tempfile.NamedTemporaryFile(dir=tmp_path) as empty:
        journal = opened(Path(empty.name), read_only=True)
        assert await journal.holds(later(0)) == ()
        await journal.aclose()
        assert empty.seek(0, os.SEEK_END) == 0


async def test_it_reads_and_changes_no_byte_and_leaves_no_file(file: Path) -> None:
    await written(file)
    before = bytes_of(file.parent)
    journal = opened(file, read_only=True)
    assert [one.id for one in await journal.open_replacements()] == ["r-1"]
    await journal.aclose()
    assert bytes_of(file.parent) == before
    assert list(before) == ["journal.db"]


async def test_it_reads_what_a_living_daemon_just_wrote(file: Path) -> None:
    daemon = opened(file)
    lease = await lease_of(daemon)
    await begun(daemon, lease)
    reader = opened(file, read_only=True)
    main_file = bytes_of(file.parent)["journal.db"]
    log = bytes_of(file.parent)["journal.db-wal"]
    assert len(await reader.open_replacements()) == 1
    assert bytes_of(file.parent)["journal.db"] == main_file
    assert bytes_of(file.parent)["journal.db-wal"] == log
    await begun(daemon, lease, accepted("r-2", predecessor="i-2"))
    assert len(await reader.open_replacements()) == 2
    await reader.aclose()
    await daemon.aclose()


async def test_it_follows_a_daemon_that_starts_and_stops(file: Path) -> None:
    await written(file)
    reader = opened(file, read_only=True)
    assert len(await reader.open_replacements()) == 1
    daemon = opened(file)
    await begun(daemon, await lease_of(daemon), accepted("r-2", predecessor="i-2"))
    assert len(await reader.open_replacements()) == 2
    await daemon.aclose()
    assert len(await reader.open_replacements()) == 2


@pytest.mark.parametrize("exists", [True, False])
async def test_it_refuses_to_write(file: Path, exists: bool) -> None:
    if exists:
        await written(file)
    journal = opened(file, read_only=True)
    with pytest.raises(JournalUnavailable, match="it may only be read here"):
        await journal.hold(Hold("all", "incident", "ana", later(0)))
    await journal.aclose()


async def test_an_older_journal_is_read_and_not_migrated(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await written(file)
    before = bytes_of(file.parent)
    newer = (*MIGRATIONS, ("ALTER TABLE leases ADD COLUMN note TEXT",))
    monkeypatch.setattr(engine, "MIGRATIONS", newer)
    journal = opened(file, read_only=True)
    assert journal._sql.read(version) == len(newer)
    assert [one.id for one in await journal.open_replacements()] == ["r-1"]
    await journal.aclose()
    assert bytes_of(file.parent) == before
