"""What is lost on the way: connections, answers, the server itself. Nothing is kept in part, and nothing twice."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Timer

import pytest
from sqlalchemy import Connection

from controller.domain.errors import IllegalTransition, JournalUnavailable
from controller.domain.lifecycle import Kind
from controller.domain.model import Hold
from controller.journal.adapter import JournalAdapter
from controller.journal.people import hold
from controller.journal.postgresql import deadline
from controller.journal.postgresql import store as postgresql_store
from tests.journal.material import accepted, begun, following, later, lease_of
from tests.journal.postgresql.line import Line, Loss, line_to
from tests.journal.postgresql.places import opened
from tests.support.eventually import eventually
from tests.support.postgresql import RealPostgres, running_postgresql

MOVE = following("r-1", 1, [(Kind.CONTINUED, None, {})])
HOLD = Hold("all", "incident", "ana", later(0))


@pytest.fixture
def line(postgresql: RealPostgres) -> Iterator[Line]:
    with line_to(postgresql.port) as one:
        yield one


def end_every_connection_of(server: RealPostgres, name: str) -> None:
    """Those that call themselves so, and wait until they are gone."""
    there = f"FROM pg_stat_activity WHERE application_name = '{name}'"
    server.execute(f"SELECT pg_terminate_backend(pid) {there}")

    async def gone() -> bool:
        return not server.execute(f"SELECT pid {there}")

    asyncio.run(eventually(gone))


def named(postgresql: RealPostgres, name: str) -> str:
    """The address of a new journal whose connections call themselves so."""
    return f"{postgresql.new_schema()}&application_name={name}"


def test_a_connection_that_died_while_nobody_used_it_is_not_noticed(postgresql: RealPostgres) -> None:
    with asyncio.Runner() as runner:
        journal = opened(named(postgresql, "idle"))
        lease = runner.run(lease_of(journal))
        end_every_connection_of(postgresql, "idle")
        runner.run(begun(journal, lease))
        end_every_connection_of(postgresql, "idle")
        assert len(runner.run(journal.open_replacements())) == 1


def test_a_transaction_whose_connection_is_ended_leaves_nothing(postgresql: RealPostgres) -> None:
    with asyncio.Runner() as runner:
        journal = opened(named(postgresql, "busy"))

        def cut(connection: Connection) -> None:
            hold(connection, HOLD)
            end_every_connection_of(postgresql, "busy")
            connection.exec_driver_sql("SELECT 1")

        with pytest.raises(JournalUnavailable, match="the server is starting, shutting down, or ended the connection"):
            journal._sql.write(cut)
        assert runner.run(journal.holds(later(0))) == ()
        runner.run(journal.hold(HOLD))
        assert len(runner.run(journal.holds(later(0)))) == 1


async def test_a_commit_whose_answer_is_lost_is_not_told_as_done_and_not_done_twice(
    postgresql: RealPostgres, line: Line
) -> None:
    journal = await through(line, postgresql)
    lease = await lease_of(journal)
    await begun(journal, lease)
    line.lose = Loss.ANSWER
    with pytest.raises(JournalUnavailable, match="whether the last change was kept is not known"):
        await journal.append(MOVE, lease)
    line.lose = None
    assert len(await journal.events("r-1")) == 2, "it was kept"
    assert len(await journal.pending(10)) == 2
    with pytest.raises(IllegalTransition):
        await journal.append(MOVE, lease)
    assert len(await journal.events("r-1")) == 2


async def test_a_commit_that_is_lost_itself_can_be_made_again(postgresql: RealPostgres, line: Line) -> None:
    journal = await through(line, postgresql)
    lease = await lease_of(journal)
    await begun(journal, lease)
    line.lose = Loss.QUESTION
    with pytest.raises(JournalUnavailable, match="whether the last change was kept is not known"):
        await journal.append(MOVE, lease)
    line.lose = None
    assert len(await journal.events("r-1")) == 1
    await journal.append(MOVE, lease)
    assert len(await journal.events("r-1")) == 2


async def test_a_server_that_says_nothing_any_more_is_hung_up_on(
    postgresql: RealPostgres, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    class TimeIsUp(Timer):
        """When the line has fallen silent, however slow the machine is before that."""

        def run(self) -> None:
            while not self.finished.wait(0.005):
                if line.lost.is_set():
                    self.function(*self.args)
                    return

    journal = await through(line, postgresql)
    lease = await lease_of(journal)
    monkeypatch.setattr(deadline, "Timer", TimeIsUp)
    line.lose = Loss.SILENCE
    with pytest.raises(JournalUnavailable, match="whether the last change was kept is not known"):
        await begun(journal, lease)
    line.lose = None
    line.lost.clear()
    assert [one.id for one in await journal.open_replacements()] == ["r-1"]


async def through(line: Line, postgresql: RealPostgres) -> JournalAdapter:
    """A new journal, at the other end of a line."""
    schema = postgresql.new_schema().partition("?")[2]
    return opened(f"{postgresql.url(port=line.port)}?{schema}&sslmode=disable")


def shortened(monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    """This limit of every writer is 50 ms from now on."""
    name = limit.partition(" = ")[0]
    monkeypatch.setattr(postgresql_store, "WRITER", postgresql_store.WRITER.replace(limit, f"{name} = '50ms'"))


def test_a_writer_that_stands_still_is_ended_and_the_next_goes_on(
    postgresql: RealPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = named(postgresql, "still")
    journal = opened(url)
    monkeypatch.setattr(
        postgresql_store,
        "WRITER",
        postgresql_store.WRITER.replace("session_timeout = '10s'", "session_timeout = '50ms'"),
    )

    def stand_still(connection: Connection) -> None:
        hold(connection, HOLD)
        backend = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()

        async def gone() -> bool:
            return not postgresql.execute(f"SELECT 1 FROM pg_stat_activity WHERE pid = {backend}")

        asyncio.run(eventually(gone))
        connection.exec_driver_sql("SELECT 1")

    with pytest.raises(JournalUnavailable, match="a transaction was left alone for too long"):
        journal._sql.write(stand_still)
    assert asyncio.run(journal.holds(later(0))) == ()


def test_a_writer_waits_for_another_one_for_a_bounded_time(
    postgresql: RealPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = postgresql.new_schema()
    one, two = opened(url), opened(url)
    shortened(monkeypatch, "lock_timeout = '5s'")

    def meanwhile(connection: Connection) -> None:
        with pytest.raises(JournalUnavailable, match=r"another writer kept it locked for too long \(55P03\)"):
            asyncio.run(two.hold(HOLD))
        assert asyncio.run(two.healthy()), "readers do not wait for writers"

    one._sql.write(meanwhile)
    asyncio.run(two.hold(HOLD))


def test_a_reader_has_one_view(postgresql: RealPostgres) -> None:
    url = postgresql.new_schema()
    reader, writer = opened(url), opened(url)

    def twice(connection: Connection) -> tuple[int, int]:
        count = "SELECT count(*) FROM holds"
        before = connection.exec_driver_sql(count).scalar_one()
        asyncio.run(writer.hold(HOLD))
        return before, connection.exec_driver_sql(count).scalar_one()

    assert reader._sql.read(twice) == (0, 0)


async def test_a_reader_cannot_write(postgresql: RealPostgres) -> None:
    journal = opened(postgresql.new_schema())
    with pytest.raises(JournalUnavailable, match="25006"):
        journal._sql.read(lambda connection: hold(connection, HOLD))


async def test_what_is_committed_is_on_the_disk_whatever_the_server_does_by_default(postgresql: RealPostgres) -> None:
    url = postgresql.new_schema().replace("options=", "options=-csynchronous_commit%3Doff%20")
    journal = opened(url)

    def asked(connection: Connection) -> str:
        return str(connection.exec_driver_sql("SHOW synchronous_commit").scalar_one())

    assert journal._sql.write(asked) == "on"
    assert journal._sql.read(asked) == "off"


def test_who_waited_for_another_writer_sees_what_it_wrote_whatever_the_server_does_by_default(
    postgresql: RealPostgres,
) -> None:
    """A view that is older than the lock would let two fleets spend the last slot, and a lost lease write."""
    url = postgresql.new_schema().replace("options=", "options=-cdefault_transaction_isolation%3Dserializable%20")
    one, two = opened(f"{url}&application_name=first"), opened(f"{url}&application_name=second")

    def scopes(connection: Connection) -> list[str]:
        return list(connection.exec_driver_sql("SELECT scope FROM holds").scalars())

    async def waits() -> bool:
        waiting = "SELECT 1 FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted"
        return bool(postgresql.execute(f"{waiting} AND application_name = 'second'"))

    with ThreadPoolExecutor(1) as aside:

        def first(connection: Connection) -> "Future[list[str]]":
            second = aside.submit(two._sql.write, scopes)
            asyncio.run(eventually(waits))
            hold(connection, HOLD)
            return second

        assert one._sql.write(first).result() == ["all"]


def test_a_server_that_dies_in_the_middle_keeps_what_was_committed_and_no_more() -> None:
    with running_postgresql(settings={}) as server, asyncio.Runner() as runner:
        journal = opened(server.new_schema())
        lease = runner.run(lease_of(journal))
        runner.run(begun(journal, lease))

        def die(connection: Connection) -> None:
            hold(connection, HOLD)
            server.stop()
            connection.exec_driver_sql("SELECT 1")

        with pytest.raises(JournalUnavailable):
            journal._sql.write(die)
        assert not runner.run(journal.healthy())
        with pytest.raises(JournalUnavailable, match="it cannot be reached"):
            runner.run(begun(journal, lease, accepted("r-2", predecessor="i-2")))
        server.start()
        assert [one.id for one in runner.run(journal.open_replacements())] == ["r-1"]
        assert runner.run(journal.holds(later(0))) == ()
        runner.run(journal.append(MOVE, lease))
        assert len(runner.run(journal.events("r-1"))) == 2


async def test_after_a_failover_the_next_transaction_takes_a_new_connection(postgresql: RealPostgres) -> None:
    """The old one leads to what is a standby now, and the name perhaps to the new primary."""
    journal = opened(postgresql.new_schema())
    assert backend_of(journal) == backend_of(journal)
    journal._sql.write(lambda connection: connection.exec_driver_sql("SET default_transaction_read_only = on"))
    before = backend_of(journal)
    with pytest.raises(JournalUnavailable, match=r"the server takes no writes: .* \(25006\)"):
        await journal.hold(HOLD)
    await journal.hold(HOLD)
    assert backend_of(journal) != before


def backend_of(journal: JournalAdapter) -> int:
    asked = "SELECT pg_backend_pid()"
    return int(journal._sql.read(lambda connection: connection.exec_driver_sql(asked).scalar_one()))
