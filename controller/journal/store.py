"""What a kind of SQL database has to give, so that the same functions keep a journal in it."""

from contextlib import AbstractContextManager
from typing import Protocol

from sqlalchemy import Connection


class Store(Protocol):
    """One opened database, of the newest schema. Whatever it raises of its own is JournalUnavailable, one sentence that
    names the place; a broken constraint or a wrong statement stays SQLAlchemy's: a fault of ours, not of the place."""

    def reading(self) -> AbstractContextManager[Connection]:
        """A transaction with one consistent view, in which nothing can be changed."""

    def writing(self) -> AbstractContextManager[Connection]:
        """A transaction as the only writer, which sees everything that was written before: ids grow in the order in
        which transactions end. It is kept whole when the context ends well, and not at all otherwise."""

    def close(self) -> None:
        """Let go of it. It is not used again."""
