"""A journal in a schema of a PostgreSQL database, shared by every daemon that is given its address.

One writer at a time, as with SQLite: each writing transaction begins by taking an advisory lock of this journal, held
until it has ended. So what it reads cannot change before it has written, events get their ids in the order in which
they are committed, and no transaction ever fails for another one's sake. SERIALIZABLE would give the first by failing
and trying again, and the second not at all: sequences know no order of commits. Transactions take milliseconds, and
there are a few in a second. READ COMMITTED is needed below the lock, whatever the server's default is: a snapshot taken
before it came would be old.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError

from controller.domain.errors import JournalUnavailable
from controller.journal.postgresql.deadline import answered_within
from controller.journal.postgresql.migrations import MIGRATIONS, found_version
from controller.journal.postgresql.trouble import READ_ONLY_SERVER, explained, place_of, reason, sqlstate
from controller.journal.sqlite.store import SqliteStore
from controller.journal.store import Store
from controller.journal.versions import migrate, refuse_newer

ANSWER_SECONDS = 20.0
"""How long a whole transaction may take before the connection is cut. They take milliseconds."""

CONNECTION: Mapping[str, Any] = {
    "application_name": "repave",
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
"""What holds where the address does not say it (seconds, and milliseconds for the last):
https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS"""

LIMITS = """
    SET LOCAL statement_timeout = '10s';
    SET LOCAL lock_timeout = '5s';
    SET LOCAL idle_in_transaction_session_timeout = '10s'"""
"""Set in each transaction, and not at the connection: a pooler between us gives every transaction another one. The last
frees the writer's lock of a daemon that was stopped, or lost, in the middle."""

DURABLE = """
    SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'"""
"""An intent is on the disk before its effect, whatever the server does by default."""

LOCK = """
    SELECT pg_advisory_xact_lock(1380275265, (SELECT oid FROM pg_namespace WHERE nspname = current_schema())::int)"""
"""Of this journal alone: two schemas of one database are two journals. The number spells REPA."""

READER = ";".join(("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY", LIMITS))
WRITER = ";".join(("SET TRANSACTION ISOLATION LEVEL READ COMMITTED", LIMITS, DURABLE, LOCK))
"""What each transaction begins with, in one message."""


class PostgresStore:
    """Implements `journal.store.Store`. place: how it is called in sentences, without user and password."""

    def __init__(self, url: URL, *, read_only: bool) -> None:
        self.place = place_of(url)
        self._read_only = read_only
        self._engine = _engine(url)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent view."""
        with explained(self.place), _begun(self._engine, READER) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """The only writer."""
        with explained(self.place):
            if self._read_only:
                raise JournalUnavailable("it may only be read here")
            with _begun(self._engine, WRITER) as connection:
                yield connection
                _commit(connection)

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    def version(self) -> int:
        """Of the schema that is there; 0 when there is none. Raises JournalUnavailable for somebody else's tables."""
        with self.reading() as connection:
            return found_version(connection)

    def migrate(self) -> None:
        """Bring it to the newest version; of two daemons that begin at once, the second finds it done."""
        with self.writing() as connection:
            migrate(connection, found_version(connection), MIGRATIONS)


def open_store(url: URL, *, read_only: bool) -> Store:
    """The journal in the first schema of the search path, which has to be there and be Repave's alone.

    Makes and migrates its tables, unless `read_only`: then nothing is changed, and absent ones read as empty.
    Raises JournalUnavailable.
    """
    store = PostgresStore(url, read_only=read_only)
    with ExitStack() as stack:
        stack.callback(store.close)
        found, newest = store.version(), len(MIGRATIONS)
        with explained(store.place):
            refuse_newer(found, newest)
            if read_only and 0 < found < newest:
                raise JournalUnavailable(
                    f"its schema has version {found} and this Repave reads {newest}: its daemon migrates it"
                )
        if read_only and not found:
            return SqliteStore.empty()
        if found < newest:
            store.migrate()
        stack.pop_all()
        return store


def _engine(url: URL) -> Engine:
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        poolclass=QueuePool,
        pool_size=1,
        max_overflow=1,
        use_native_hstore=False,
        connect_args={
            **{name: value for name, value in CONNECTION.items() if name not in url.query},
            # A pooler gives each transaction another connection, on which nothing is prepared.
            "prepare_threshold": None,
        },
    )
    event.listen(engine, "handle_error", _leave_a_standby)
    return engine


def _leave_a_standby(context: ExceptionContext) -> None:
    """After a failover the old connection still leads to what is a standby now: the next one looks the name up anew."""
    if sqlstate(context.original_exception) == READ_ONLY_SERVER:
        context.is_disconnect = True


@contextmanager
def _begun(engine: Engine, first: str) -> Iterator[Connection]:
    """A transaction, begun with these statements, which is undone unless it was committed within.

    A connection that died while nobody used it is found by them, and nothing has happened yet: once more, on a new one.
    """
    with ExitStack() as stack:
        try:
            connection = stack.enter_context(_opened(engine, first))
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
            connection = stack.enter_context(_opened(engine, first))
        yield connection


@contextmanager
def _opened(engine: Engine, first: str) -> Iterator[Connection]:
    with engine.connect() as connection, answered_within(connection, ANSWER_SECONDS):
        try:
            connection.exec_driver_sql(first)
            yield connection
        finally:
            # Whatever was not committed. A connection that cannot even say so is not used again.
            with suppress(DBAPIError):
                connection.rollback()


def _commit(connection: Connection) -> None:
    try:
        connection.commit()
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
        raise JournalUnavailable(f"{reason(error)}; whether the last change was kept is not known") from error
