"""What is PostgreSQL's own of the schema: its tables, its triggers, its versions, and who makes them."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import psycopg
import pytest
from sqlalchemy import create_engine, inspect, make_url

from controller.domain.errors import JournalUnavailable
from controller.journal.postgresql import store as postgresql_store
from controller.journal.postgresql.migrations import MIGRATIONS
from controller.journal.schema import metadata
from controller.journal.versions import version
from tests.journal.material import begun, later, lease_of
from tests.journal.postgresql.places import opened
from tests.support.postgresql import RealPostgres


async def test_the_migrated_tables_are_those_that_queries_see(url: str) -> None:
    opened(url)
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"))
    found = inspect(engine)
    assert set(found.get_table_names()) == set(metadata.tables)
    for table in metadata.tables.values():
        columns = [(column["name"], column["nullable"]) for column in found.get_columns(table.name)]
        assert sorted(columns) == sorted((column.name, bool(column.nullable)) for column in table.columns), table.name
        keys = found.get_pk_constraint(table.name)["constrained_columns"]
        assert keys == [column.name for column in table.primary_key], table.name
        links = {(key["constrained_columns"][0], key["referred_table"]) for key in found.get_foreign_keys(table.name)}
        assert links == {(key.parent.name, key.column.table.name) for key in table.foreign_keys}, table.name
    engine.dispose()


@pytest.mark.parametrize(
    "statement",
    ["UPDATE events SET facts = '{}'", "UPDATE events SET at = at", "DELETE FROM events", "TRUNCATE events CASCADE"],
)
async def test_events_are_append_only_for_everybody(postgresql: RealPostgres, url: str, statement: str) -> None:
    journal = opened(url)
    await begun(journal, await lease_of(journal))
    before = await journal.events("r-1")
    with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
        postgresql.execute(statement, url)
    assert await journal.events("r-1") == before


async def test_an_open_replacement_cannot_be_taken_away(postgresql: RealPostgres, url: str) -> None:
    journal = opened(url)
    await begun(journal, await lease_of(journal))
    with pytest.raises(psycopg.errors.RaiseException, match="never let go of"):
        postgresql.execute("DELETE FROM replacements", url)


@pytest.mark.parametrize("column", ["predecessor", "successor"])
async def test_the_schema_itself_refuses_a_second_open_claim(postgresql: RealPostgres, url: str, column: str) -> None:
    journal = opened(url)
    await begun(journal, await lease_of(journal))
    postgresql.execute("UPDATE replacements SET successor = 'i-new'", url)
    others = {"predecessor": "'i-2'", "successor": "'i-3'"} | {column: column}
    copy = f"""INSERT INTO replacements
            (id, fleet, "group", predecessor, successor, phase, accepted_at, policy_hash, causes)
        SELECT 'r-2', fleet, "group", {others["predecessor"]}, {others["successor"]}, phase, accepted_at,
            policy_hash, causes FROM replacements"""
    with pytest.raises(psycopg.errors.UniqueViolation, match=column):
        postgresql.execute(copy, url)


def test_of_many_who_begin_at_once_one_makes_the_tables(url: str) -> None:
    barrier = Barrier(6)

    def begin(_: int) -> bool:
        barrier.wait(60)
        return asyncio.run(opened(url).healthy())

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(begin, range(6))) == [True] * 6


async def test_only_the_missing_migrations_run(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    opened(url)
    more = (*MIGRATIONS, ("ALTER TABLE leases ADD COLUMN note TEXT",))
    monkeypatch.setattr(postgresql_store, "MIGRATIONS", more)
    with pytest.raises(JournalUnavailable, match="has version 1 and this Repave reads 2: its daemon migrates it"):
        opened(url, read_only=True)
    for _ in range(2):
        journal = opened(url)
        assert journal._sql.read(version) == len(more)
        await journal.aclose()


async def test_a_migration_that_fails_changes_nothing(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = (("CREATE TABLE replacements (id TEXT)", "UPDATE nothing SET x = 1"),)
    with monkeypatch.context() as patch:
        patch.setattr(postgresql_store, "MIGRATIONS", broken)
        with pytest.raises(JournalUnavailable):
            opened(url)
    journal = opened(url)
    assert await journal.replacements() == ()


@pytest.mark.parametrize("read_only", [False, True])
async def test_a_journal_of_a_newer_repave_is_refused(postgresql: RealPostgres, url: str, read_only: bool) -> None:
    opened(url)
    postgresql.execute("UPDATE schema_version SET version = 99", url)
    with pytest.raises(JournalUnavailable) as caught:
        opened(url, read_only=read_only)
    assert str(caught.value) == (
        f"The journal postgresql://127.0.0.1:{postgresql.port}/postgres cannot be used: its schema has version 99 and "
        f"this Repave knows up to {len(MIGRATIONS)}: start the newer Repave again."
    )


@pytest.mark.parametrize("name", ["bookmarks", "schema_version"])
@pytest.mark.parametrize("read_only", [False, True])
async def test_somebody_else_s_tables_are_left_alone(
    postgresql: RealPostgres, url: str, name: str, read_only: bool
) -> None:
    postgresql.execute(f"CREATE TABLE {name} (version TEXT)", url)
    with pytest.raises(JournalUnavailable, match="has tables that are not Repave's; give it a schema of its own"):
        opened(url, read_only=read_only)
    tables = "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema()"
    assert postgresql.execute(tables, url) == [(name,)]


async def test_an_absent_journal_reads_as_empty_and_stays_absent(postgresql: RealPostgres, url: str) -> None:
    journal = opened(url, read_only=True)
    assert await journal.replacements() == ()
    assert await journal.healthy()
    assert postgresql.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()", url) == []


async def test_it_reads_what_a_living_daemon_writes_and_writes_nothing(url: str) -> None:
    daemon = opened(url)
    reader = opened(url, read_only=True)
    await begun(daemon, await lease_of(daemon))
    assert [one.id for one in await reader.open_replacements()] == ["r-1"]
    with pytest.raises(JournalUnavailable, match="it may only be read here"):
        await reader.resume("all", "ana", later(0))


async def test_two_schemas_are_two_journals(postgresql: RealPostgres, url: str) -> None:
    one, two = opened(url), opened(postgresql.new_schema())
    await begun(one, await lease_of(one))
    assert await two.replacements() == ()
