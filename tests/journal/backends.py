"""The stores that the contract is held against. Another one joins by one class here and its name in BACKENDS."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import pytest
from sqlalchemy import Connection, select

from controller.domain.ports import Projector
from controller.journal.adapter import JournalAdapter
from controller.journal.schema import outbox
from controller.journal.sql import SqlJournal
from tests.journal.dynamo import DynamoTable


class Backend(Protocol):
    """One store, empty at first, that many journals can be opened on.

    url: where another process finds the same store. keeps_delivered_bytes: for a day; others let go of them at once.
    rounds, lives: of a race, and of a process that is killed again and again; fewer where each takes long.
    """

    url: str
    keeps_delivered_bytes: bool
    rounds: int
    lives: int

    def open(self, projector: Projector | None = None) -> JournalAdapter:
        """A journal as one process has it; each call stands for another process."""

    def kept(self) -> list[int]:
        """The ids of the spans whose bytes are still there, delivered or not."""

    def close(self) -> None:
        """Close every journal that was opened."""


def _kept(connection: Connection) -> list[int]:
    kept = select(outbox.c.id).where(outbox.c.body.is_not(None)).order_by(outbox.c.id)
    return list(connection.execute(kept).scalars())


class SqliteFile:
    keeps_delivered_bytes = True
    rounds = 60
    lives = 4

    def __init__(self, folder: Path) -> None:
        self.url = f"sqlite:///{folder / 'journal.db'}"
        self._opened: list[SqlJournal] = []

    def open(self, projector: Projector | None = None) -> JournalAdapter:
        self._opened.append(SqlJournal.open(self.url, projector))
        return JournalAdapter(self._opened[-1])

    def kept(self) -> list[int]:
        return self._opened[0].read(_kept)

    def close(self) -> None:
        for journal in self._opened:
            journal.close()


class SqliteMemory:
    """For simulations: what dies with a process is the adapter, the memory stays."""

    keeps_delivered_bytes = True
    rounds = 60
    lives = 4

    def __init__(self) -> None:
        self.url = "sqlite:///:memory:"
        self._journal = SqlJournal.open(self.url, None)

    def open(self, projector: Projector | None = None) -> JournalAdapter:
        return JournalAdapter(SqlJournal(self._journal._store, projector))

    def kept(self) -> list[int]:
        return self._journal.read(_kept)

    def close(self) -> None:
        self._journal.close()


class PostgresSchema(SqliteFile):
    """A schema of its own in the one server of a test run."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._opened = []


BACKENDS: dict[str, Callable[[pytest.FixtureRequest], Backend]] = {
    "sqlite-file": lambda request: SqliteFile(request.getfixturevalue("tmp_path")),
    "sqlite-memory": lambda _: SqliteMemory(),
    "postgresql": lambda request: PostgresSchema(request.getfixturevalue("postgresql").new_schema()),
    "dynamodb": lambda request: DynamoTable(request.getfixturevalue("tmp_path")),
}
BETWEEN_PROCESSES = ("sqlite-file", "postgresql", "dynamodb")
"""Those that threads and processes can share."""
