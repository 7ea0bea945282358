"""What is said when a journal on PostgreSQL cannot be used: one sentence that names the place, and no password."""

import socket
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import errors
from sqlalchemy.exc import DBAPIError, IntegrityError

from controller.domain.errors import JournalUnavailable
from controller.domain.model import Hold
from controller.journal.postgresql.trouble import explained, reason
from tests.journal.material import later
from tests.journal.postgresql.places import opened
from tests.support.postgresql import PASSWORD, USER, RealPostgres

HOLD = Hold("all", "in\0cident", "ana", later(0))


def trouble(url: str, *, read_only: bool = False) -> str:
    """What opening this address says."""
    with pytest.raises(JournalUnavailable) as caught:
        opened(url, read_only=read_only)
    return said(caught.value)


def said(error: BaseException) -> str:
    for one in chain(error):
        assert PASSWORD not in f"{one} {one!r}"
        assert "hunter" not in f"{one} {one!r}"
    sentence = str(error)
    assert sentence.startswith("The journal postgresql://127.0.0.1:")
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert "sqlalche.me" not in sentence
    return sentence.partition(" cannot be used: ")[2].removesuffix(".")


def chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def test_a_wrong_password(url: str) -> None:
    assert trouble(url.replace("hunter2", "hunter3")) == "the server refuses the user or the password"


def test_no_password(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PGPASSWORD", raising=False)
    monkeypatch.setenv("PGPASSFILE", "/dev/null")
    without = f"postgresql://{USER}@{url.partition('@')[2]}"
    assert trouble(without) == "the server asks for a password: PGPASSWORD, PGPASSFILE, or a secret with the address"
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    opened(without)


def test_no_such_user(url: str) -> None:
    assert trouble(url.replace(f"//{USER}:", "//nobody:")) == "the server refuses the user or the password"


@pytest.mark.parametrize("read_only", [False, True])
def test_no_such_database(postgresql: RealPostgres, read_only: bool) -> None:
    assert trouble(postgresql.url("nowhere"), read_only=read_only) == (
        "there is no database of that name; create it first"
    )


def test_no_such_schema(postgresql: RealPostgres) -> None:
    url = postgresql.url(options="-csearch_path=nowhere")
    assert trouble(url) == "no schema of the user's search path is there; create one"


def test_nobody_listens(postgresql: RealPostgres) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        assert trouble(postgresql.url(port=closed.getsockname()[1])) == "it cannot be reached"


def test_somebody_else_listens(postgresql: RealPostgres) -> None:
    """It takes the connection and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = postgresql.url(port=mute.getsockname()[1], connect_timeout="1")
        assert trouble(url) == "it cannot be reached"


def test_tls_is_asked_for_where_there_is_none(postgresql: RealPostgres) -> None:
    assert trouble(postgresql.url(sslmode="require")) == "TLS could not be agreed on"


def test_no_connection_is_left(postgresql: RealPostgres) -> None:
    postgresql.execute("CREATE ROLE crowd LOGIN PASSWORD 'hunter2' CONNECTION LIMIT 0")
    url = f"postgresql://crowd:hunter2@127.0.0.1:{postgresql.port}/postgres"
    assert trouble(url) == "the server has no connection left; end idle ones, or raise max_connections"


def test_rights_are_missing(postgresql: RealPostgres, url: str) -> None:
    postgresql.execute("CREATE ROLE guest LOGIN PASSWORD 'hunter2'")
    name = url.rpartition("%3D")[2]
    postgresql.execute(f"GRANT USAGE ON SCHEMA {name} TO guest")
    guest = f"postgresql://guest:hunter2@{url.partition('@')[2]}"
    assert trouble(guest) == "the user lacks a right on its tables or its schema (42501)"
    opened(guest, read_only=True)


@pytest.mark.parametrize("there", [False, True])
async def test_a_server_that_takes_no_writes(url: str, there: bool) -> None:
    told = r"the server takes no writes: it is a standby, or set to read only; give the primary's address \(25006\)"
    standby = url.replace("options=", "options=-cdefault_transaction_read_only%3Don%20")
    if not there:
        assert trouble(standby) == told.replace("\\", "")
        return
    opened(url)
    journal = opened(standby)
    assert await journal.healthy()
    with pytest.raises(JournalUnavailable, match=told) as caught:
        await journal.hold(HOLD)
    said(caught.value)


async def test_tables_that_went_away(postgresql: RealPostgres, url: str) -> None:
    journal = opened(url)
    postgresql.execute("DROP TABLE holds, schema_version", url)
    with pytest.raises(JournalUnavailable, match=r"its tables are not there any more, .* \(42P01\)") as caught:
        await journal.hold(HOLD)
    said(caught.value)
    assert not await journal.healthy()


async def test_a_fault_of_ours_is_not_called_a_fault_of_the_server(url: str) -> None:
    journal = opened(url)
    with pytest.raises(IntegrityError):
        journal._sql.write(lambda connection: connection.exec_driver_sql("INSERT INTO memory VALUES ('web', NULL)"))


async def test_words_that_postgresql_cannot_hold_are_kept_all_the_same(url: str) -> None:
    journal = opened(url)
    await journal.hold(HOLD)
    assert [hold.reason for hold in await journal.holds(later(0))] == ["in\ufffdcident"]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (errors.DiskFull, "the server's disk is full (53100)"),
        (errors.OutOfMemory, "the server has no memory left (53200)"),
        (errors.QueryCanceled, "the server took too long over it (57014)"),
        (errors.CannotConnectNow, "the server is starting, shutting down, or ended the connection (57P03)"),
        (errors.IoError, "the server's disk reports an error (58030)"),
        (errors.DataCorrupted, "its data is damaged; restore it from a backup (XX001)"),
        (errors.DuplicatePreparedStatement, "something new (42P05)"),
    ],
)
def test_what_cannot_be_brought_about_here(error: type[psycopg.Error], expected: str) -> None:
    """A full disk and the like: the server's code decides, in any language."""
    wrapped = DBAPIError("SELECT 1", {}, error("something new.\n"))
    assert reason(wrapped) == expected
    with (
        pytest.raises(JournalUnavailable, match="The journal postgresql://db/repave cannot be used"),
        explained("postgresql://db/repave"),
    ):
        raise wrapped
