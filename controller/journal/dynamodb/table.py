"""One table: strongly consistent reads, transactions, and what went wrong in one sentence."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

from controller.clients.dynamodb import ConditionFailed, DynamoDb
from controller.domain.errors import JournalUnavailable, PlatformError
from controller.journal.dynamodb.address import Address
from controller.journal.dynamodb.items import (
    MOST_IN_A_TRANSACTION,
    Attributes,
    Condition,
    Delete,
    Item,
    Key,
    Operation,
    Put,
    Value,
    item_of,
    marshalled,
    requests_of,
)
from controller.journal.dynamodb.trouble import nowhere, why

TORN_READS = 5
"""How often parts of a body are read again that belong to two writings of it."""

ATTEMPTS = 16
"""How often a write is tried that others are in the way of. With the waits, about five seconds."""

LONGEST_WAIT_SECONDS = 0.6


class Table:
    """A journal's table.

    read_only: nothing is ever written. absent: found to be so by whoever only reads; it reads as empty.
    """

    def __init__(self, client: DynamoDb, address: Address, *, read_only: bool) -> None:
        self.address = address
        self.clock = client.clock
        self.read_only = read_only
        self.absent = False
        self._client = client

    async def described(self, operation: str) -> dict[str, Any]:
        """What DynamoDB says of the table. Raises PlatformError."""
        answer = await self._client.call(self.address.region, operation, TableName=self.address.table)
        return dict(answer)

    async def get(self, key: Key) -> Item | None:
        """The item that lies there, or nothing."""
        found = await self._get(key)
        return await self._whole(found) if found else None

    async def all_of(self, pk: str, *, starting: str = "", after: str = "", newest_first: bool = False) -> list[Item]:
        """Everything under one pk by its order; only what starts so, or comes after that, if given."""
        pages = self.pages(pk, starting=starting, after=after, newest_first=newest_first)
        return [item async for page in pages for item in page]

    async def first_of(self, pk: str, count: int, *, newest_first: bool = False, before: str = "") -> list[Item]:
        """So many of what lies under one pk, by its order; only what comes before that, if given."""
        found: list[Item] = []
        async for page in self.pages(pk, before=before, newest_first=newest_first, at_most=count):
            found += page
            if len(found) >= count:
                break
        return found[:count]

    async def pages(
        self,
        pk: str,
        *,
        starting: str = "",
        after: str = "",
        before: str = "",
        newest_first: bool = False,
        at_most: int = 0,
    ) -> AsyncIterator[list[Item]]:
        """The same, page by page, each of up to 1 MB."""
        condition, values = "pk = :pk", {":pk": marshalled(pk)}
        for name, text, clause in (
            ("starting", starting, " AND begins_with(sk, :starting)"),
            ("after", after, " AND sk > :after"),
            ("before", before, " AND sk < :before"),
        ):
            if text:
                condition, values[f":{name}"] = condition + clause, marshalled(text)
        asked: dict[str, Any] = {
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": values,
            "ScanIndexForward": not newest_first,
            "ConsistentRead": True,
        }
        if at_most:
            asked["Limit"] = at_most
        async for answer in self._answers(asked):
            yield list(await asyncio.gather(*(self._whole(item_of(told)) for told in answer.get("Items", ()))))

    async def count(self, pk: str) -> int:
        """How much lies under one pk."""
        asked = {
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": marshalled(pk)},
            "Select": "COUNT",
            "ConsistentRead": True,
        }
        return sum([int(answer["Count"]) async for answer in self._answers(asked)])

    async def transact(self, operations: Sequence[Operation]) -> None:
        """All of it, or nothing. Raises ConditionFailed."""
        generation = self.clock.new_id("w")
        with self.explained():
            told = requests_of(list(operations), self.address.table, generation)
        await self._write("TransactWriteItems", TransactItems=told, ClientRequestToken=generation)

    async def settle(self, operations: Sequence[Put | Delete]) -> None:
        """The same without any condition: whatever stands there. Another daemon that does the same at the same moment
        makes DynamoDB cancel one of the two."""
        for attempt in range(ATTEMPTS):
            try:
                return await self.transact(operations)
            except ConditionFailed:
                await self.wait(attempt)
        raise self.crowded()

    async def wait(self, attempt: int) -> None:
        """Longer each time, and by chance, so that two who got in each other's way do not do so again."""
        longest = min(0.02 * 2**attempt, LONGEST_WAIT_SECONDS)
        chance = int(self.clock.new_id("w").rpartition("-")[2][-4:], 16) / 0xFFFF
        await self.clock.sleep(longest * (0.25 + 0.75 * chance))

    async def put(self, item: Item) -> None:
        """Write one item in the place of what is there."""
        with self.explained():
            told = requests_of([Put(item)], self.address.table, self.clock.new_id("w"))
        if len(told) == 1:
            await self._write("PutItem", Item=told[0]["Put"]["Item"])
        else:
            await self.settle([Put(item)])

    async def update(self, key: Key, values: dict[str, Value], condition: Condition) -> Item:
        """Set values of one item; how it stands then. Raises ConditionFailed, with how it stands instead."""
        asked = condition.parameters()
        names, given = asked.pop("ExpressionAttributeNames", {}), asked.pop("ExpressionAttributeValues", {})
        answer = await self._write(
            "UpdateItem",
            Key=key.attributes(),
            UpdateExpression="SET " + ", ".join(f"#{name} = :set_{name}" for name in values),
            ExpressionAttributeNames=names | {f"#{name}": name for name in values},
            ExpressionAttributeValues=given | {f":set_{name}": marshalled(value) for name, value in values.items()},
            ReturnValues="ALL_NEW",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
            **asked,
        )
        return item_of(cast(Attributes, answer["Attributes"]))

    async def delete(self, key: Key) -> None:
        """Take one item away."""
        await self._write("DeleteItem", Key=key.attributes())

    async def delete_all(self, gone: Sequence[Delete]) -> None:
        """Take items away in their order, as many in each transaction as go in."""
        some: list[Delete] = []
        for one in gone:
            if sum(item.parts for item in some) + one.parts > MOST_IN_A_TRANSACTION:
                await self.settle(some)
                some = []
            some.append(one)
        if some:
            await self.settle(some)

    async def _write(self, operation: str, **parameters: Any) -> dict[str, Any]:
        if operation != "TransactWriteItems":
            parameters["TableName"] = self.address.table
        with self.explained():
            if self.read_only:
                raise JournalUnavailable("it may only be read here")
            return dict(await self._client.call(self.address.region, operation, **parameters))

    async def _answers(self, asked: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        """The answers to a Query, one after another."""
        following: dict[str, Any] = {}
        while not self.absent:
            with self.explained():
                answer = dict(
                    await self._client.call(
                        self.address.region, "Query", TableName=self.address.table, **asked, **following
                    )
                )
            yield answer
            if not answer.get("LastEvaluatedKey"):
                return
            following = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    async def _get(self, key: Key) -> Item | None:
        if self.absent:
            return None
        with self.explained():
            answer = await self._client.call(
                self.address.region,
                "GetItem",
                TableName=self.address.table,
                Key=key.attributes(),
                ConsistentRead=True,
            )
        return item_of(answer["Item"]) if answer.get("Item") else None

    async def _whole(self, first: Item) -> Item:
        """An item with all parts of its body, of one and the same writing."""
        found: Item | None = first
        for _ in range(TORN_READS):
            if found is None or found.number("of") <= 1:
                return found or first
            generation = found.text("generation")
            numbers = range(1, found.number("of"))
            parts = await asyncio.gather(*(self._get(first.key.part(number)) for number in numbers))
            if all(part is not None and part.text("generation") == generation for part in parts):
                body = found.body + b"".join(part.body for part in parts if part)
                return Item(found.key, found.values, body)
            found = await self._get(first.key)
        with self.explained():
            raise JournalUnavailable(f"{first.key.pk} {first.key.sk} is written faster than it can be read")

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Whatever goes wrong within, as one sentence that names the table and what to do."""
        try:
            yield
        except PlatformError as error:
            raise self.trouble(error) from None
        except JournalUnavailable as error:
            raise self.unavailable(str(error)) from None

    def trouble(self, error: PlatformError) -> JournalUnavailable:
        """What DynamoDB, or the way there, says."""
        return self.unavailable(why(error, self.address, self._client.region(self.address.region)))

    def nowhere(self) -> str:
        """That there is no such table."""
        return nowhere(self.address, self._client.region(self.address.region))

    def crowded(self) -> JournalUnavailable:
        """The error that says that others were in the way each time."""
        return self.unavailable("too many others write to it at once")

    def unavailable(self, told: str) -> JournalUnavailable:
        """The error that says so."""
        return JournalUnavailable(f"The journal {self.address} cannot be used: {told}.")
