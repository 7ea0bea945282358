"""A journal in a file, or in memory for tests and simulations (one thread at a time)."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, Engine

from controller.domain.errors import ConfigError, JournalUnavailable
from controller.journal.sqlite.engine import open_engine, writing
from controller.journal.sqlite.trouble import explained


class SqliteStore:
    """Implements `journal.store.Store`. path: None for a database in memory."""

    def __init__(self, engine: Engine, path: Path | None) -> None:
        self._engine = engine
        self._path = path
        self._identity = _identity(path)

    @classmethod
    def open(cls, url: URL, *, read_only: bool) -> "SqliteStore":
        """Make and migrate the file, unless `read_only`: then nothing is changed, and an absent one reads as empty.

        Raises ConfigError for an address that names no file, JournalUnavailable when it cannot be used.
        """
        path = location(url)
        with explained(path):
            return cls(open_engine(path, read_only=read_only), path)

    @classmethod
    def empty(cls) -> "SqliteStore":
        """A journal in which nothing is, and nothing can be written: what an absent one reads as."""
        return cls(open_engine(None, read_only=True), None)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent view."""
        with explained(self._path), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """The only writer, of this very file."""
        with explained(self._path):
            if _identity(self._path) != self._identity:
                raise JournalUnavailable("its file was removed or replaced while it was open; start Repave again")
            with writing(self._engine).begin() as connection:
                yield connection

    def close(self) -> None:
        """Close the file."""
        self._engine.dispose()


def location(url: URL) -> Path | None:
    """The file of a `sqlite:///relative.db` or `sqlite:////absolute.db`; None for `sqlite:///:memory:`.

    Raises ConfigError when it is not exactly one of these.
    """
    if url.host or url.query or not url.database:
        raise ConfigError("state: a file is sqlite:///relative.db (three slashes) or sqlite:////absolute.db (four)")
    return None if url.database == ":memory:" else Path(url.database).absolute()


def _identity(path: Path | None) -> tuple[int, int] | None:
    """Which file it is. SQLite goes on writing to a file that lost its name, beside whoever makes a new one."""
    try:
        found = path.stat() if path else None
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if found else None
