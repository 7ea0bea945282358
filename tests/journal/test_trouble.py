"""What is said when a journal's file cannot be used: one sentence that names the file and what to do."""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from controller.domain.errors import JournalUnavailable
from controller.journal.adapter import JournalAdapter
from controller.journal.sql import SqlJournal
from controller.journal.sqlite import engine
from tests.journal.files import bytes_of, opened, written
from tests.journal.material import accepted, begun, lease_of

NOBODY = 65534


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


def trouble(file: Path, *, read_only: bool = False) -> str:
    """What opening this file says."""
    with pytest.raises(JournalUnavailable) as caught:
        SqlJournal.open(f"sqlite:///{file}", None, read_only=read_only)
    return said(file, caught.value)


def said(file: Path, error: Exception) -> str:
    sentence = str(error)
    assert sentence.startswith(f"The journal {file} cannot be used: ")
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert "sqlalche.me" not in sentence
    return sentence.removeprefix(f"The journal {file} cannot be used: ").removesuffix(".")


def test_no_such_directory(tmp_path: Path) -> None:
    file = tmp_path / "nowhere" / "journal.db"
    assert trouble(file) == f"there is no directory {file.parent} (SQLITE_CANTOPEN)"


@pytest.mark.parametrize("read_only", [False, True])
def test_a_directory(tmp_path: Path, read_only: bool) -> None:
    assert trouble(tmp_path, read_only=read_only) == "it is a directory"


@pytest.mark.parametrize("read_only", [False, True])
def test_not_a_database(file: Path, read_only: bool) -> None:
    file.write_bytes(b"version: 1\nfleets: {}\n" * 100)
    assert trouble(file, read_only=read_only) == "it is not an SQLite database (SQLITE_NOTADB)"
    assert file.read_bytes().startswith(b"version: 1")


@pytest.mark.parametrize("read_only", [False, True])
def test_somebody_else_s_database(file: Path, read_only: bool) -> None:
    with closing(sqlite3.connect(file)) as other:
        other.execute("CREATE TABLE bookmarks (url TEXT)")
    before = bytes_of(file.parent)
    assert trouble(file, read_only=read_only) == "it is a database, but not a journal of Repave's"
    assert bytes_of(file.parent) == before


async def test_a_damaged_file(file: Path) -> None:
    await written(file)
    damage(file)
    with pytest.raises(JournalUnavailable) as caught:
        await opened(file).open_replacements()
    assert said(file, caught.value).startswith("it is damaged; restore it from a backup")


async def test_a_full_disk_loses_nothing_and_heals(file: Path) -> None:
    journal = opened(file)
    lease = await lease_of(journal)
    limit_pages(journal, 0)
    with pytest.raises(JournalUnavailable) as caught:
        await begun(journal, lease, accepted(note="x" * 100_000))
    assert said(file, caught.value) == "the disk is full (SQLITE_FULL)"
    assert await journal.healthy()
    assert await journal.replacements() == ()
    limit_pages(journal, 2**30)
    await begun(journal, lease, accepted(note="x" * 100_000))
    await journal.aclose()


async def test_locked_by_another_process(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "BUSY_TIMEOUT_SECONDS", 0.0)
    journal = opened(file)
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalUnavailable) as caught:
            await lease_of(journal)
        assert said(file, caught.value) == "another process kept it locked for too long (SQLITE_BUSY)"
        assert await journal.healthy(), "readers do not wait for writers"
    await lease_of(journal)
    await journal.aclose()


@pytest.mark.parametrize("replaced", [False, True])
async def test_a_file_that_lost_its_name_is_not_written(file: Path, replaced: bool) -> None:
    journal = opened(file)
    await lease_of(journal)
    move_away(file, leave_a_copy=replaced)
    with pytest.raises(JournalUnavailable, match="removed or replaced while it was open"):
        await lease_of(journal)
    await journal.aclose()


def test_permissions() -> None:
    assert as_nobody("read") == "it may only be read here; check who may write the file and its directory"
    assert as_nobody("nothing") == "its permissions forbid it"
    assert as_nobody("no folder").startswith("the permissions of /")


def damage(file: Path) -> None:
    """All but its first page."""
    damaged = bytearray(file.read_bytes())
    damaged[4096:] = b"\xff" * len(damaged[4096:])
    file.write_bytes(damaged)


def move_away(file: Path, *, leave_a_copy: bool) -> None:
    moved = file.rename(file.with_name("moved.db"))
    if leave_a_copy:
        shutil.copy(moved, file)


def limit_pages(journal: JournalAdapter, pages: int) -> None:
    """Let the file have that many pages, or as few as it has now."""
    with journal._sql._store.reading() as connection:
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages or 1}")


def as_nobody(allowed: str) -> str:
    """What a user without rights is told; root has to become one, because nothing is forbidden to root."""
    folder = Path(tempfile.mkdtemp())
    file = folder / "journal.db"
    SqlJournal.open(f"sqlite:///{file}", None).close()
    if allowed == "no folder":
        file.unlink()
    else:
        file.chmod(0o444 if allowed == "read" else 0o000)
    folder.chmod(0o555)
    try:
        return in_a_fork(lambda: trouble(file).rpartition(" (")[0])
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)


def in_a_fork(work: Callable[[], str]) -> str:
    read_end, write_end = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            if os.getuid() == 0:
                os.setgid(NOBODY)
                os.setuid(NOBODY)
            os.write(write_end, work().encode())
        finally:
            os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end) as answer:
        found = answer.read()
    os.waitpid(pid, 0)
    return found
