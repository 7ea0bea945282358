"""The synchronous core: one opened journal, one function per transaction."""

from collections.abc import Callable
from pathlib import Path
from typing import Concatenate, ParamSpec, Self, TypeVar

from sqlalchemy import Connection, Engine

from controller.domain.errors import JournalUnavailable
from controller.domain.ports import Projector
from controller.journal.engine import location, open_engine, writing
from controller.journal.trouble import explained

P = ParamSpec("P")
T = TypeVar("T")


class SqlJournal:
    """A journal on SQLite. Whatever is called here happens in one transaction, all of it or nothing.

    projector: makes the spans that go into the outbox with the events; None for a journal that is only read.
    """

    def __init__(self, engine: Engine, path: Path | None, projector: Projector | None) -> None:
        self.projector = projector
        self._engine = engine
        self._path = path
        self._identity = _identity(path)

    @classmethod
    def open(cls, url: str, projector: Projector | None, *, read_only: bool = False) -> Self:
        """Open `sqlite:///relative.db`, `sqlite:////absolute.db`, or `sqlite:///:memory:` for tests and simulations
        (one thread at a time).

        Makes and migrates the file, unless `read_only`: then nothing is changed, and an absent file reads as empty.
        Raises ConfigError for other addresses, JournalUnavailable when the file cannot be used.
        """
        path = location(url)
        with explained(path):
            return cls(open_engine(path, read_only=read_only), path, projector)

    def read(self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """`work(connection, ...)` on one consistent view.

        Raises JournalUnavailable, and whatever `work` raises.
        """
        with explained(self._path), self._engine.begin() as connection:
            return work(connection, *args, **kwargs)

    def write(self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """`work(connection, ...)` as the only writer; an exception from it undoes everything.

        Raises JournalUnavailable, and whatever `work` raises.
        """
        with explained(self._path):
            if _identity(self._path) != self._identity:
                raise JournalUnavailable("its file was removed or replaced while it was open; start Repave again")
            with writing(self._engine).begin() as connection:
                return work(connection, *args, **kwargs)

    def close(self) -> None:
        """Close the file. A closed journal is not used again."""
        self._engine.dispose()


def _identity(path: Path | None) -> tuple[int, int] | None:
    """Which file it is. SQLite goes on writing to a file that lost its name, beside whoever makes a new one."""
    try:
        found = path.stat() if path else None
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if found else None
