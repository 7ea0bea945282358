"""What is SQLite's own: its settings, its triggers, its migrations."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from newrelic.hooks import database_sqlite
from sqlalchemy import create_engine, inspect
from sqlalchemy.exc import IntegrityError, OperationalError

from controller.domain.errors import JournalUnavailable
from controller.domain.lifecycle import Outcome, Phase
from controller.journal.adapter import JournalAdapter
from controller.journal.schema import metadata
from controller.journal.sql import SqlJournal
from controller.journal.sqlite.engine import _use_wal, open_engine, writing
from controller.journal.sqlite.migrations import MIGRATIONS, found_version
from controller.journal.versions import migrate, version
from tests.journal.material import EventSpans, begun, later, lease_of

VERSION_1 = Path(__file__).with_name("version_1.sql")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def journal(file: Path) -> Iterator[JournalAdapter]:
    sql = SqlJournal.open(f"sqlite:///{file}", EventSpans())
    yield JournalAdapter(sql)
    sql.close()


def test_every_connection_is_safe_against_power_cuts_and_waits_a_bounded_time(file: Path) -> None:
    engine = open_engine(file, read_only=False)
    with engine.begin() as one, engine.begin() as two:
        for connection in (one, two):
            asked = ("journal_mode", "synchronous", "foreign_keys", "recursive_triggers", "busy_timeout")
            found = [connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in asked]
            assert found == ["wal", 2, 1, 1, 5000]
    engine.dispose()


def test_turning_to_wal_waits_for_whoever_writes(file: Path) -> None:
    """Changing the mode fails at once while another process makes the same file."""
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("CREATE TABLE made (by_another TEXT)")
        other.execute("BEGIN IMMEDIATE")

        def let_go(statement: str) -> None:
            if statement == "BEGIN IMMEDIATE":
                other.execute("COMMIT")

        with closing(sqlite3.connect(file, isolation_level=None)) as ours:
            ours.set_trace_callback(let_go)
            _use_wal(ours)
            assert ours.execute("PRAGMA journal_mode").fetchone() == ("wal",)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET facts = '{}'",
        "UPDATE events SET at = at",
        "DELETE FROM events",
        "INSERT OR REPLACE INTO events SELECT id, replacement_id, ordinal, at, kind, step, '{}', token FROM events",
        "INSERT OR REPLACE INTO events SELECT NULL, replacement_id, ordinal, at, kind, step, '{}', token FROM events",
        "REPLACE INTO events SELECT id, replacement_id, 99, at, kind, step, '{}', token FROM events",
    ],
)
async def test_events_are_append_only_for_everybody(journal: JournalAdapter, file: Path, statement: str) -> None:
    await begun(journal, await lease_of(journal))
    before = await journal.events("r-1")
    # Somebody with the sqlite3 command, none of our settings on.
    with closing(sqlite3.connect(file)) as stranger, pytest.raises(sqlite3.IntegrityError, match="append-only"):
        stranger.execute(statement)
    assert await journal.events("r-1") == before


def test_a_fault_of_ours_is_not_called_a_fault_of_the_file(file: Path) -> None:
    sql = SqlJournal.open(f"sqlite:///{file}", None)
    with pytest.raises(IntegrityError):
        sql.write(lambda connection: connection.exec_driver_sql("INSERT INTO memory VALUES ('web', NULL)"))
    sql.close()


@pytest.mark.parametrize("column", ["predecessor", "successor"])
async def test_the_schema_itself_refuses_a_second_open_claim(journal: JournalAdapter, file: Path, column: str) -> None:
    await begun(journal, await lease_of(journal))
    with closing(sqlite3.connect(file)) as stranger:
        stranger.execute("UPDATE replacements SET successor = 'i-new'")
        others = {"predecessor": "'i-2'", "successor": "'i-3'"} | {column: column}
        copy = f"""INSERT INTO replacements
            SELECT 2, 'r-2', fleet, "group", {others["predecessor"]}, {others["successor"]}, phase, outcome,
                accepted_at, closed_at, closed_event, policy_hash, causes, image_id, error_type, verification,
                predecessor_launched_at FROM replacements"""
        with pytest.raises(sqlite3.IntegrityError, match=f"UNIQUE constraint failed: replacements.{column}"):
            stranger.execute(copy)


def test_the_migrated_tables_are_those_that_queries_see(file: Path) -> None:
    engine = open_engine(file, read_only=False)
    found = inspect(engine)
    assert set(found.get_table_names()) == set(metadata.tables)
    for table in metadata.tables.values():
        columns = [(column["name"], column["nullable"]) for column in found.get_columns(table.name)]
        assert columns == [(column.name, bool(column.nullable)) for column in table.columns], table.name
        keys = found.get_pk_constraint(table.name)["constrained_columns"]
        assert keys == [column.name for column in table.primary_key], table.name
        links = {(key["constrained_columns"][0], key["referred_table"]) for key in found.get_foreign_keys(table.name)}
        expected = {(key.parent.name, key.column.table.name) for key in table.foreign_keys}
        assert links == expected, table.name
    engine.dispose()


async def test_a_file_of_version_1_is_read_and_written_by_this_version(file: Path) -> None:
    with closing(sqlite3.connect(file)) as old:
        old.executescript(VERSION_1.read_text())
    sql = SqlJournal.open(f"sqlite:///{file}", EventSpans())
    assert sql.read(version) == len(MIGRATIONS)
    journal = JournalAdapter(sql)
    assert [(one.id, one.phase, one.outcome) for one in await journal.replacements()] == [
        ("r-2", Phase.LAUNCHED, None),
        ("r-1", Phase.CLOSED, Outcome.REPLACED),
    ]
    assert [hold.reason for hold in await journal.holds(later(0))] == ["release day"]
    assert [breaker.cause for breaker in await journal.breakers("web")] == ["aged"]
    assert (await journal.memory("web")).desired_before_trouble == 8
    assert [list(report.refusals) for report in await journal.reports()] == [["i-9"]]
    assert await journal.policy_document("abc123") == "{}"
    assert len(await journal.pending(100)) == 20
    holder = await journal.holder("web")
    assert holder is not None
    renewed = await journal.acquire("web", "d-2", 30, holder.expires_at)
    assert renewed is not None
    assert renewed.token == holder.token + 1
    await journal.aclose()


async def test_an_older_file_is_read_while_new_relics_agent_wraps_connections(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(sqlite3.connect(file)) as old:
        old.executescript(VERSION_1.read_text())
    monkeypatch.setattr(sqlite3, "connect", sqlite3.connect)  # as it was, once the test is over
    database_sqlite.instrument_sqlite3(sqlite3)
    journal = JournalAdapter(SqlJournal.open(f"sqlite:///{file}", None, read_only=True))
    assert [one.id for one in await journal.replacements()] == ["r-2", "r-1"]
    await journal.aclose()


ONE_MORE = (*MIGRATIONS, ("ALTER TABLE leases ADD COLUMN note TEXT", "UPDATE leases SET note = 'migrated'"))


async def test_only_the_missing_migrations_run(journal: JournalAdapter, file: Path) -> None:
    await lease_of(journal)
    engine = open_engine(file, read_only=False)
    for _ in range(2):
        with writing(engine).begin() as connection:
            migrate(connection, found_version(connection), ONE_MORE)
            assert version(connection) == len(ONE_MORE)
            assert connection.exec_driver_sql("SELECT note FROM leases").scalars().all() == ["migrated"]
    engine.dispose()


async def test_a_migration_that_fails_changes_nothing(journal: JournalAdapter, file: Path) -> None:
    broken = (*MIGRATIONS, ("ALTER TABLE leases ADD COLUMN note TEXT", "UPDATE nothing SET x = 1"))
    engine = open_engine(file, read_only=False)
    with pytest.raises(OperationalError), writing(engine).begin() as connection:
        migrate(connection, found_version(connection), broken)
    with engine.begin() as connection:
        assert version(connection) == len(MIGRATIONS)
        assert "note" not in [column["name"] for column in inspect(connection).get_columns("leases")]
    engine.dispose()


@pytest.mark.parametrize("read_only", [False, True])
async def test_a_journal_of_a_newer_repave_is_refused(journal: JournalAdapter, file: Path, read_only: bool) -> None:
    await journal.aclose()
    with closing(sqlite3.connect(file)) as newer:
        newer.execute("UPDATE schema_version SET version = 99")
        newer.commit()
    with pytest.raises(JournalUnavailable) as caught:
        SqlJournal.open(f"sqlite:///{file}", None, read_only=read_only)
    assert str(caught.value) == (
        f"The journal {file} cannot be used: its schema has version 99 and this Repave knows up to {len(MIGRATIONS)}: "
        "start the newer Repave again."
    )


def test_the_kept_file_of_version_1_has_the_schema_of_version_1(file: Path, tmp_path: Path) -> None:
    """Whoever changes a released migration instead of adding one finds out here."""
    with closing(sqlite3.connect(file)) as old:
        old.executescript(VERSION_1.read_text())
    made = tmp_path / "made.db"
    engine = create_engine(f"sqlite:///{made}")
    with engine.begin() as connection:
        migrate(connection, found_version(connection), MIGRATIONS[:1])
    engine.dispose()
    assert schema_of(file) == schema_of(made)


def schema_of(file: Path) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(file)) as opened:
        return opened.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name").fetchall()
