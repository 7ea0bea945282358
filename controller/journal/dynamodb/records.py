"""The domain's own values as items, and back."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from pydantic import TypeAdapter

from controller.domain.lifecycle import Kind, Step
from controller.domain.model import Breaker
from controller.domain.replacement import Event
from controller.domain.request import Request
from controller.journal.dynamodb import keys
from controller.journal.dynamodb.items import Item, Key, Put, Value
from controller.journal.logic.documents import encode, moment, packed, unpacked
from controller.journal.logic.following import Claim
from controller.journal.logic.holding import KeptHold

T = TypeVar("T")

LONGEST_TEXT = 1000
"""Facts up to here lie as text, for a person to read in the console; longer ones are compressed."""


@dataclass(frozen=True, slots=True)
class KeptClaim:
    """number: of the replacement, in the order of acceptance."""

    number: int
    claim: Claim


@dataclass(frozen=True, slots=True)
class KeptBreaker:
    """number: of the breaker, in the order of opening."""

    number: int
    breaker: Breaker
    closed_at: datetime | None = None
    closed_by: str | None = None


def kept(key: Key, record: object, *, expires_at: datetime | None = None, **values: Value) -> Put:
    """Writes a record as a document of its fields."""
    document = encode(_adapter(type(record)).dump_python(record, mode="json"))
    return Put(Item(key, {**values, "document": document}, expires_at=expires_at))


def record(kind: type[T], item: Item) -> T:
    """The record of an item."""
    found: T = _adapter(kind).validate_json(item.text("document") or "")
    return found


ADAPTERS: dict[type[Any], TypeAdapter[Any]] = {}


def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    if kind not in ADAPTERS:
        ADAPTERS[kind] = TypeAdapter(kind)
    return ADAPTERS[kind]


def kept_event(event: Event, number: int, token: int) -> Put:
    """Writes an event. number: in the journal's order; token: of the lease it is written under."""
    values: dict[str, Value] = {"at": moment(event.at), "kind": event.kind.value, "token": token, "number": number}
    if event.step:
        values["step"] = event.step.value
    text = encode(event.facts)
    short = len(text) <= LONGEST_TEXT
    if short:
        values["facts"] = text
    return Put(Item(keys.event(event.replacement_id, event.ordinal), values, b"" if short else packed(event.facts)))


def event_of(replacement_id: str, item: Item) -> Event:
    """The event of an item."""
    text, step = item.text("facts"), item.text("step")
    return Event(
        replacement_id,
        int(item.key.sk.removeprefix(keys.EVENT)),
        item.moment("at"),
        Kind(item.text("kind") or ""),
        Step(step) if step else None,
        unpacked(item.body) if text is None else json.loads(text),
    )


def kept_document(key: Key, document: Mapping[str, Any], **values: Value) -> Put:
    """Writes a document of any size."""
    return Put(Item(key, values, packed(document)))


@dataclass(frozen=True, slots=True)
class Now:
    """What is in force, stands, or is under way; each in the order in which it began."""

    claims: tuple[KeptClaim, ...]
    holds: tuple[KeptHold, ...]
    breakers: tuple[KeptBreaker, ...]
    requests: tuple[Request, ...]

    def claim(self, replacement_id: str) -> KeptClaim | None:
        """That of one replacement."""
        return next((one for one in self.claims if one.claim.replacement_id == replacement_id), None)

    def breakers_of(self, fleet: str) -> tuple[Breaker, ...]:
        """Those of one fleet."""
        return tuple(one.breaker for one in self.breakers if one.breaker.fleet == fleet)


def now_of(items: list[Item]) -> Now:
    """What lies under `now`."""

    def of(kind: type[T], start: str) -> list[T]:
        return [record(kind, item) for item in items if item.key.sk.startswith(start)]

    return Now(
        tuple(of(KeptClaim, keys.OPEN)),
        tuple(sorted(of(KeptHold, keys.HOLD), key=lambda one: one.number)),
        tuple(sorted(of(KeptBreaker, keys.BREAKER), key=lambda one: one.number)),
        tuple(sorted(of(Request, keys.REQUEST), key=lambda one: one.created_at)),
    )
