"""From an address to an opened journal: here each kind of journal has its one line."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

from controller.domain.errors import ConfigError
from controller.domain.ports import OpenedJournal, Projector, Resources
from controller.journal.adapter import JournalAdapter
from controller.journal.sql import SqlJournal
from controller.journal.worker import WorkerThread


class Opener(Protocol):
    """Opens one kind of journal until the context ends.

    url: the whole address, its scheme included; it may hold a password and is not repeated. projector: makes the spans
    for the outbox; None where nobody would send them. read_only: changes nothing, and takes an absent one as empty.
    resources: the shared clients, for whoever needs AWS.
    Raises ConfigError for an address that cannot be meant, JournalUnavailable when it cannot be used.
    """

    def __call__(
        self, url: str, projector: Projector | None, resources: Resources, *, read_only: bool
    ) -> AbstractAsyncContextManager[OpenedJournal]:
        """Open it."""


@asynccontextmanager
async def sql(
    url: str,
    projector: Projector | None,
    resources: Resources,  # noqa: ARG001 - a database needs none of them
    *,
    read_only: bool,
) -> AsyncIterator[OpenedJournal]:
    """A journal in an SQL database, its transactions in a thread of their own."""
    worker = WorkerThread()
    try:
        opened = await worker(lambda: SqlJournal.open(url, projector, read_only=read_only))
        journal = JournalAdapter(opened, worker)
        try:
            yield journal
        finally:
            await journal.aclose()
    finally:
        worker.close()


@asynccontextmanager
async def dynamodb(
    url: str, projector: Projector | None, resources: Resources, *, read_only: bool
) -> AsyncIterator[OpenedJournal]:
    """A journal in a table of DynamoDB."""
    from controller.clients.dynamodb import DynamoDb
    from controller.journal.dynamodb.journal import DynamoJournal

    yield await DynamoJournal.open(resources.get(DynamoDb), url, projector, read_only=read_only)


OPENERS: dict[str, Opener] = {
    "dynamodb": dynamodb,
    "sqlite": sql,
    "postgresql": sql,
}


def open_journal(
    url: str, projector: Projector | None, resources: Resources, *, read_only: bool = False
) -> AbstractAsyncContextManager[OpenedJournal]:
    """The journal at `url`, until the context ends (see Opener)."""
    scheme = url.partition("://")[0]
    opener = OPENERS.get(scheme)
    if opener is None:
        raise ConfigError(f"state: there is no journal on {scheme}:// in this version")
    return opener(url, projector, resources, read_only=read_only)
