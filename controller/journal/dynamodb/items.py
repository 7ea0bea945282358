"""What a table holds, and what a transaction does to it. Values are text, whole numbers and bytes; what has more to it
is JSON in one of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from controller.domain.errors import JournalUnavailable
from controller.journal.logic.documents import storable

Value = str | int | bytes
Attributes = dict[str, dict[str, Any]]
"""DynamoDB's own notation: `{"pk": {"S": "head"}, "version": {"N": "7"}}`."""

LARGEST_ITEM_BYTES = 400 * 1024
LARGEST_TRANSACTION_BYTES = 4 * 1024 * 1024
MOST_IN_A_TRANSACTION = 100
"""https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html"""

PART_BYTES = 350 * 1000
"""A longer body lies in several items. What is left to DynamoDB's limit is for the other attributes."""

MOST_PARTS = 16


@dataclass(frozen=True, slots=True)
class Key:
    """Where an item lies. pk: what is asked together. sk: its order in there."""

    pk: str
    sk: str

    def attributes(self) -> Attributes:
        """In DynamoDB's notation."""
        return {"pk": {"S": self.pk}, "sk": {"S": self.sk}}

    def part(self, number: int) -> "Key":
        """Where the part of that number lies, from 1; the item itself is the part 0."""
        return Key(f"{self.pk}+", f"{self.sk}+{number:02d}")


@dataclass(frozen=True, slots=True)
class Item:
    """values: short. body: what may be long; it is split where it has to be. expires_at: after that, DynamoDB may let
    go of it, some day; whoever reads it has to look at the time himself."""

    key: Key
    values: Mapping[str, Value] = field(default_factory=dict)
    body: bytes = b""
    expires_at: datetime | None = None

    @property
    def parts(self) -> int:
        """In how many items it lies."""
        return max(1, -(-len(self.body) // PART_BYTES))

    def text(self, name: str) -> str | None:
        """A value that is text, or nothing."""
        value = self.values.get(name)
        return value if isinstance(value, str) else None

    def number(self, name: str) -> int:
        """A value that is a number; 0 when it is not there."""
        value = self.values.get(name)
        return value if isinstance(value, int) else 0

    def moment(self, name: str) -> datetime:
        """A value that is a time."""
        return datetime.fromisoformat(self.text(name) or "")

    def written(self, generation: str) -> Iterator[tuple[Key, Attributes]]:
        """The items that it lies in. generation: what tells its parts from those of an earlier writing."""
        count, body = self.parts, self.body
        own = dict(self.values)
        if count > 1:
            own |= {"of": count, "generation": generation}
        if body:
            own["body"] = body[:PART_BYTES]
        yield self.key, _attributes(self.key, own, self.expires_at)
        for number in range(1, count):
            piece = body[number * PART_BYTES : (number + 1) * PART_BYTES]
            key = self.key.part(number)
            yield key, _attributes(key, {"body": piece, "generation": generation}, self.expires_at)


@dataclass(frozen=True, slots=True)
class Condition:
    """What has to be so for a write to happen. expression: `#name` is an attribute and `:name` a value of `values`."""

    expression: str
    values: Mapping[str, Value] = field(default_factory=dict)
    names: tuple[str, ...] = ()

    def parameters(self) -> dict[str, Any]:
        """As DynamoDB wants to be told."""
        told: dict[str, Any] = {"ConditionExpression": self.expression}
        if self.names:
            told["ExpressionAttributeNames"] = {f"#{name}": name for name in self.names}
        if self.values:
            told["ExpressionAttributeValues"] = {f":{name}": marshalled(value) for name, value in self.values.items()}
        return told


ABSENT = Condition("attribute_not_exists(pk)")


@dataclass(frozen=True, slots=True)
class Put:
    """Write an item in the place of what is there."""

    item: Item
    condition: Condition | None = None


@dataclass(frozen=True, slots=True)
class Delete:
    """Take an item away, with all its parts; one that is not there is away already."""

    key: Key
    parts: int = 1


@dataclass(frozen=True, slots=True)
class Check:
    """Change nothing, and let nothing be changed unless this is so."""

    key: Key
    condition: Condition


Operation = Put | Delete | Check


def marshalled(value: Value) -> dict[str, Any]:
    """A value in DynamoDB's notation."""
    match value:
        case str():
            return {"S": storable(value)}
        case bytes():
            return {"B": value}
        case _:
            return {"N": str(value)}


def item_of(attributes: Mapping[str, Mapping[str, Any]]) -> Item:
    """An item, or its first part, from DynamoDB's notation."""
    values: dict[str, Value] = {}
    for name, told in attributes.items():
        if "S" in told:
            values[name] = str(told["S"])
        elif "N" in told:
            values[name] = int(told["N"])
        elif "B" in told:
            values[name] = bytes(told["B"])
    body = values.pop("body", b"")
    key = Key(str(values.pop("pk")), str(values.pop("sk")))
    values.pop("expires_at_epoch", None)
    return Item(key, values, body if isinstance(body, bytes) else b"")


def size_of(attributes: Attributes) -> int:
    """Its size as DynamoDB counts it, or a little more: names and values, 21 bytes at most for a number."""
    return sum(len(name.encode()) + _size(told) for name, told in attributes.items())


def _size(told: Mapping[str, Any]) -> int:
    (kind, value), *_ = told.items()
    return len(value.encode()) if kind == "S" else len(value) if kind == "B" else 21


def _attributes(key: Key, values: Mapping[str, Value], expires_at: datetime | None) -> Attributes:
    told = key.attributes() | {name: marshalled(value) for name, value in values.items()}
    if expires_at is not None:
        told["expires_at_epoch"] = {"N": str(int(expires_at.timestamp()))}
    return told


def requests_of(operations: list[Operation], table: str, generation: str) -> list[dict[str, Any]]:
    """The parts of a TransactWriteItems. Raises JournalUnavailable for what DynamoDB would not take."""
    told: list[dict[str, Any]] = []
    size = 0
    for operation in operations:
        match operation:
            case Put(item, condition):
                for number, (_, attributes) in enumerate(item.written(generation)):
                    found = condition.parameters() if condition and not number else {}
                    size += _within_limits(attributes)
                    told.append({"Put": {"TableName": table, "Item": attributes, **found}})
            case Delete(key, parts):
                keys = [key, *(key.part(number) for number in range(1, parts))]
                told += [{"Delete": {"TableName": table, "Key": one.attributes()}} for one in keys]
            case Check(key, condition):
                checked = {"TableName": table, "Key": key.attributes(), **condition.parameters()}
                told.append({"ConditionCheck": checked})
    if len(told) > MOST_IN_A_TRANSACTION or size > LARGEST_TRANSACTION_BYTES:
        raise JournalUnavailable(
            f"one transaction would write {len(told)} items of {size} bytes together, and DynamoDB takes "
            f"{MOST_IN_A_TRANSACTION} of {LARGEST_TRANSACTION_BYTES}"
        )
    return told


def _within_limits(attributes: Attributes) -> int:
    size = size_of(attributes)
    if size > LARGEST_ITEM_BYTES:
        raise JournalUnavailable(f"an item would have {size} bytes, and DynamoDB takes {LARGEST_ITEM_BYTES}")
    return size
