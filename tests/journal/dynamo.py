"""A table as one of the stores that the contract is held against."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import cast

from controller.clients.dynamodb import DynamoDb
from controller.clock import SystemClock
from controller.domain.ports import Projector
from controller.journal.adapter import JournalAdapter
from controller.journal.dynamodb.journal import DynamoJournal
from controller.journal.dynamodb.keys import OUTBOX, POISONED
from tests.support.dynamo_server import REGION, DynamoServer
from tests.support.housed import House


class Ground:
    """One server, and one loop with a client in it, for all tests of a run."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self.server = self._stack.enter_context(DynamoServer().running())
        self.house = House()
        self._stack.callback(self.house.close)
        self.client = self.house.run(self._client())
        self._stack.callback(lambda: self.house.run(self.client.aclose()))

    async def _client(self) -> DynamoDb:
        client = DynamoDb(SystemClock())
        with self.server.found():
            # The client keeps the address that it finds when it is first used.
            await client.call(REGION, "DescribeTable", TableName=self.server.make_table())
        return client

    def close(self) -> None:
        self._stack.close()


@cache
def ground() -> Ground:
    """Made at first use."""
    return Ground()


@contextmanager
def ground_at_last() -> Iterator[None]:
    """Takes the ground away in the end, if there was one."""
    yield
    if ground.cache_info().currsize:
        ground().close()
        ground.cache_clear()


class DynamoTable:
    """A table of its own. Its journals live in one loop of their own, because the contract asks them from several."""

    keeps_delivered_bytes = False
    rounds = 12
    lives = 2

    def __init__(self, folder: Path) -> None:
        self.ground = ground()
        self.table = self.ground.server.make_table()
        self.url = f"dynamodb://{self.table}?region={REGION}"
        self._found = ExitStack()
        self._found.enter_context(self.ground.server.found())
        self._first = self.opened()

    def opened(self, projector: Projector | None = None, *, read_only: bool = False) -> DynamoJournal:
        """As it is, for whoever runs it in the house."""
        return self.ground.house.run(DynamoJournal.open(self.ground.client, self.url, projector, read_only=read_only))

    def open(self, projector: Projector | None = None) -> JournalAdapter:
        return cast(JournalAdapter, self.ground.house.housed(self.opened(projector)))

    def kept(self) -> list[int]:
        found = [self.ground.house.run(self._first._table.all_of(pk)) for pk in (OUTBOX, POISONED)]
        return sorted(int(item.key.sk) for items in found for item in items if item.body)

    def close(self) -> None:
        self._found.close()
