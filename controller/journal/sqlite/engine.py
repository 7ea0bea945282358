"""Opening a file: SQLite's settings, and who may write.

Writers begin with BEGIN IMMEDIATE: two transactions that read first and write later would otherwise both decide on
what they read. WAL lets readers go on meanwhile; synchronous=FULL keeps every commit through a power cut.
"""

import sqlite3
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection, Engine, NullPool, Pool, QueuePool, StaticPool, create_engine, event

from controller.domain.errors import JournalUnavailable
from controller.journal.sqlite.migrations import MIGRATIONS, found_version
from controller.journal.versions import migrate, refuse_newer

BUSY_TIMEOUT_SECONDS = 5.0
"""How long a writer waits for another one. Transactions take milliseconds: longer than this, something is wrong."""

SETTINGS = (
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA recursive_triggers=ON",
)

WAL_ATTEMPTS = 20


def open_engine(path: Path | None, *, read_only: bool) -> Engine:
    """An engine on a journal of the newest version.

    To write: makes the file if it is absent and migrates it. To read: makes, changes and migrates nothing, not even
    beside the file; an absent file reads as an empty journal.
    """
    if path is None:
        return _empty() if read_only else _migrated(_in_memory())
    if path.is_dir():
        raise JournalUnavailable("it is a directory")
    there = path.exists() and path.stat().st_size > 0
    if read_only:
        return _reader(path) if there else _empty()
    # Look before the first touch: somebody else's file is not even put into WAL mode.
    found = _version_of(lambda: _connect(f"{path.as_uri()}?mode=ro", uri=True)) if there else 0
    engine = _engine(lambda: _connect(str(path)), QueuePool)
    return engine if found == len(MIGRATIONS) else _migrated(engine)


def writing(engine: Engine) -> Engine:
    """The same engine, for transactions that write."""
    return engine.execution_options(begin="BEGIN IMMEDIATE")


def _engine(connect: Callable[[], sqlite3.Connection], pool: type[Pool]) -> Engine:
    engine = create_engine("sqlite://", creator=connect, poolclass=pool)
    event.listen(engine, "begin", _begin)
    return engine


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))


def _connect(target: str, *, uri: bool = False) -> sqlite3.Connection:
    # isolation_level=None: we begin ourselves. One transaction has one connection, whichever thread it runs in.
    connection = sqlite3.connect(
        target, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None, check_same_thread=False, uri=uri
    )
    for setting in SETTINGS:
        connection.execute(setting)
    if not uri and target != ":memory:":
        _use_wal(connection)
    return connection


def _use_wal(connection: sqlite3.Connection) -> None:
    for _ in range(WAL_ATTEMPTS):
        try:
            mode = connection.execute("PRAGMA journal_mode=WAL").fetchone()[0]
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            # Another process makes the same file. Changing the mode does not wait for it; beginning to write does.
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("COMMIT")
        else:
            if mode != "wal":
                raise JournalUnavailable("its file system cannot share it between processes; put it on a local disk")
            return
    raise JournalUnavailable("another process kept it locked for too long")


def _in_memory() -> Engine:
    return _engine(lambda: _connect(":memory:"), StaticPool)


def _empty() -> Engine:
    return _frozen(_in_memory())


def _migrated(engine: Engine) -> Engine:
    with writing(engine).begin() as connection:
        migrate(connection, found_version(connection), MIGRATIONS)
    return engine


def _frozen(engine: Engine) -> Engine:
    with _migrated(engine).begin() as connection:
        connection.exec_driver_sql("PRAGMA query_only=ON")
    return engine


def _version_of(connect: Callable[[], sqlite3.Connection]) -> int:
    """Raises JournalUnavailable when it is a newer journal, or none."""
    with _engine(connect, NullPool).begin() as connection:
        found = found_version(connection)
    refuse_newer(found, len(MIGRATIONS))
    return found


def _reader(path: Path) -> Engine:
    def connect() -> sqlite3.Connection:
        return _connect_reader(path)

    return _engine(connect, NullPool) if _version_of(connect) == len(MIGRATIONS) else _migrated_copy(path)


def _connect_reader(path: Path) -> sqlite3.Connection:
    # Even a reader makes SQLite's two side files where there are none, and a daemon of another user could then not
    # write them. Without a side file nobody writes: the file is read as it stands.
    beside = path.with_name(path.name + "-wal")
    mode = "mode=ro" if beside.exists() else "mode=ro&immutable=1"
    return _connect(f"{path.as_uri()}?{mode}", uri=True)


def _migrated_copy(path: Path) -> Engine:
    """An older journal, copied into memory and brought to the newest version there."""
    copy = _connect(":memory:")
    original = _connect_reader(path)
    # New Relic's agent, once it runs, wraps connections; backup() takes none but SQLite's own.
    original.backup(getattr(copy, "__wrapped__", copy))
    original.close()
    return _frozen(_engine(lambda: copy, StaticPool))
