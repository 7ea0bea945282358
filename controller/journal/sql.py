"""The synchronous core: one opened journal, one function per transaction, on any SQL database that has a store."""

from collections.abc import Callable
from typing import Concatenate, ParamSpec, Self, TypeVar

from sqlalchemy import URL, Connection, make_url
from sqlalchemy.exc import ArgumentError

from controller.domain.errors import ConfigError
from controller.domain.ports import Projector
from controller.journal.postgresql.store import open_store
from controller.journal.sqlite.store import SqliteStore
from controller.journal.store import Store

P = ParamSpec("P")
T = TypeVar("T")


class SqlJournal:
    """A journal in an SQL database. Whatever is called here happens in one transaction, all of it or nothing.

    projector: makes the spans that go into the outbox with the events; None for a journal that is only read.
    """

    def __init__(self, store: Store, projector: Projector | None) -> None:
        self.projector = projector
        self._store = store

    @classmethod
    def open(cls, url: str, projector: Projector | None, *, read_only: bool = False) -> Self:
        """Open `postgresql://user@host/database`, `sqlite:///relative.db`, `sqlite:////absolute.db`, or
        `sqlite:///:memory:` for tests and simulations (one thread at a time).

        Makes and migrates it, unless `read_only`: then nothing is changed, and an absent one reads as empty.
        Raises ConfigError for other addresses, JournalUnavailable when it cannot be used.
        """
        return cls(_store(_parsed(url), read_only=read_only), projector)

    def read(self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """`work(connection, ...)` on one consistent view.

        Raises JournalUnavailable, and whatever `work` raises.
        """
        with self._store.reading() as connection:
            return work(connection, *args, **kwargs)

    def write(self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """`work(connection, ...)` as the only writer; an exception from it undoes everything.

        Raises JournalUnavailable, and whatever `work` raises.
        """
        with self._store.writing() as connection:
            return work(connection, *args, **kwargs)

    def close(self) -> None:
        """Close it. A closed journal is not used again."""
        self._store.close()


def _parsed(url: str) -> URL:
    # An address may hold a password: it is not repeated.
    try:
        return make_url(url)
    except (ArgumentError, ValueError):
        raise ConfigError("state: this is not an address; write sqlite:///repave.db") from None


def _store(url: URL, *, read_only: bool) -> Store:
    match url.drivername:
        case "sqlite":
            return SqliteStore.open(url, read_only=read_only)
        case "postgresql":
            return open_store(url, read_only=read_only)
        case other:
            raise ConfigError(f"state: {other}:// is no SQL database that a journal can be in")
