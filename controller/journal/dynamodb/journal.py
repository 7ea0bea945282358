"""The ports `Journal` and `Outbox` on a table."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

import structlog

from controller.clients.dynamodb import DynamoDb
from controller.domain.errors import Denied, Gone, JournalUnavailable, PlatformError
from controller.domain.memory import Memory
from controller.domain.model import Breaker, Hold
from controller.domain.past import History
from controller.domain.policy import Policy
from controller.domain.ports import Budget, Lease, Lifted, Presence, Projector, TickRecord
from controller.domain.replacement import Event, Replacement
from controller.domain.request import Abort, Request
from controller.domain.veto import Veto
from controller.journal.dynamodb import keys, leases, outbox, people, requests, stories, ticks
from controller.journal.dynamodb.accept import accept
from controller.journal.dynamodb.address import Address
from controller.journal.dynamodb.deciding import Decider, Draft, Torn
from controller.journal.dynamodb.history import history
from controller.journal.dynamodb.items import Item
from controller.journal.dynamodb.letting_go import let_go
from controller.journal.dynamodb.table import Table
from controller.journal.dynamodb.trouble import wrong_keys
from controller.journal.logic.documents import squeezed, unsqueezed
from controller.journal.logic.holding import scopes_of
from controller.journal.worker import to_its_end

T = TypeVar("T")

TTL_ATTRIBUTE = "expires_at_epoch"


class DynamoJournal:
    """`domain.ports.OpenedJournal` on one table. What each method means, and what it raises, stands at the ports.

    Cancelling a write waits until it has ended, so that whoever cancels and then reads the journal reads the truth.
    """

    def __init__(self, table: Table, projector: Projector | None) -> None:
        self._table = table
        self._projector = projector
        self._decider = Decider(table)

    @classmethod
    async def open(
        cls, client: DynamoDb, url: str, projector: Projector | None, *, read_only: bool = False
    ) -> "DynamoJournal":
        """Open the journal of `dynamodb://TABLE[?region=REGION]`, a table that is there: none is ever made.

        Raises ConfigError for other addresses, JournalUnavailable when the table cannot be used. To read only, an
        absent table is empty.
        """
        table = Table(client, Address.of(url), read_only=read_only)
        await _look_at(table)
        opened = cls(table, projector)
        await opened._ask(opened._decider.ledger())
        return opened

    async def aclose(self) -> None:
        """Nothing to close: the client belongs to whoever made it."""

    async def let_go(self, before: datetime) -> int:
        """Let go of what is older and counts no more."""
        ledger = await self._ask(self._decider.ledger())
        return await self._write(let_go(self._table, ledger, before))

    async def healthy(self) -> bool:
        """Whether the journal can be read now."""
        try:
            await self._ask(self._decider.ledger())
        except JournalUnavailable:
            return False
        return True

    async def _ask(self, reading: Coroutine[Any, Any, T]) -> T:
        try:
            return await reading
        except Torn as error:
            raise self._table.unavailable(f"{error} is written faster than it can be read") from None

    async def _decide(self, work: Callable[[Draft], Coroutine[Any, Any, T]]) -> T:
        return await self._write(self._decider.decide(work))

    async def _write(self, writing: Coroutine[Any, Any, T]) -> T:
        return await to_its_end(asyncio.ensure_future(self._ask(writing)))

    async def acquire(self, fleet: str, owner: str, ttl_seconds: float, now: datetime) -> Lease | None:
        """Take or renew the lease; None while another owner's is valid."""
        return await self._write(leases.acquire(self._table, fleet, owner, ttl_seconds, now))

    async def release(self, lease: Lease) -> None:
        """Give the lease up."""
        await self._write(leases.release(self._table, lease))

    async def holder(self, fleet: str) -> Lease | None:
        """Whose lease it is, expired or not."""
        return await self._ask(leases.holder(self._table, fleet))

    async def leases(self) -> tuple[Lease, ...]:
        """The lease of every fleet."""
        return await self._ask(leases.every(self._table))

    async def announce(self, owner: str, fleets: frozenset[str], ttl_seconds: float, now: datetime) -> None:
        """Say that this daemon is there."""
        await self._write(leases.announce(self._table, owner, fleets, ttl_seconds, now))

    async def present(self, now: datetime) -> tuple[Presence, ...]:
        """The daemons that are there."""
        return await self._ask(leases.present(self._table, now))

    async def leave(self, owner: str) -> None:
        """This daemon is not there any more."""
        await self._write(leases.leave(self._table, owner))

    async def accept(self, event: Event, lease: Lease, budget: Budget) -> Replacement | tuple[Veto, ...]:
        """Insert the `accepted` event, or say why not."""
        return await self._decide(partial(accept, self._projector, event, lease, budget))

    async def append(self, events: Sequence[Event], lease: Lease) -> None:
        """Append events of one replacement, with the spans that they complete."""
        if events:
            await self._decide(partial(stories.append, self._projector, events, lease))

    async def open_replacements(self, fleet: str | None = None) -> tuple[Replacement, ...]:
        """All that are not closed, oldest first."""
        return await self._ask(stories.open_replacements(self._table, fleet))

    async def replacements(self, limit: int = 50) -> tuple[Replacement, ...]:
        """The newest, open or closed, newest first."""
        return await self._ask(stories.newest(self._table, limit))

    async def events(self, replacement_id: str) -> tuple[Event, ...]:
        """The whole story of one replacement."""
        story, _ = await self._ask(stories.told(self._table, replacement_id))
        return story

    async def history(self, fleet: str, now: datetime) -> History:
        """What limits need to know."""
        ledger = await self._ask(self._decider.ledger())
        return await self._ask(history(self._table, ledger, fleet, now))

    async def memory(self, fleet: str) -> Memory:
        """What the last tick left."""
        return await self._ask(ticks.memory(self._table, fleet))

    async def record_tick(self, record: TickRecord, lease: Lease) -> tuple[str, ...]:
        """Store one tick; returns the instance ids whose refusal changed."""
        return await self._write(ticks.record_tick(self._table, self._decider, self._projector, record, lease))

    async def reports(self) -> tuple[TickRecord, ...]:
        """The newest record of every fleet."""
        return await self._ask(ticks.reports(self._table))

    async def holds(self, now: datetime) -> tuple[Hold, ...]:
        """The holds in force."""
        return await self._ask(people.in_force(self._table, now))

    async def hold(self, hold: Hold) -> None:
        """Put a hold in force."""
        await self._decide(partial(people.hold, hold))

    async def resume(self, scope: str, by: str, at: datetime) -> int:
        """End the scope's hold and breakers, and forget its failures in a row."""
        return await self._write(people.resume(self._decider, scope, by, at))

    async def hold_on(self, replacement: Replacement, at: datetime) -> Hold | None:
        """The hold that forbids its next call."""
        return await self._ask(people.hold_on(self._table, replacement, at))

    async def lifted(self, replacement: Replacement, since: datetime) -> Lifted | None:
        """Who ended the hold that stopped it."""
        return await self._ask(people.lifted(self._table, scopes_of(replacement), since))

    async def requests(self, now: datetime, fleet: str | None = None) -> tuple[Request, ...]:
        """What still stands, oldest first."""
        return await self._ask(requests.standing(self._table, now, fleet))

    async def all_requests(self, limit: int = 50) -> tuple[Request, ...]:
        """The newest, newest first."""
        return await self._ask(requests.newest(self._table, limit))

    async def request(self, request_id: str) -> Request | None:
        """The one of this id."""
        return await self._ask(requests.one(self._table, request_id))

    async def approve(self, request_id: str, by: str, at: datetime) -> Request:
        """Say yes to a proposal."""
        return await self._decide(partial(requests.approve, request_id, by, at))

    async def ask(self, request: Request) -> Request:
        """Keep what a person asks for."""
        return await self._decide(partial(requests.ask, request))

    async def abort(self, word: Abort) -> Request | Replacement:
        """Turn a request or a replacement back."""
        return await self._decide(partial(people.abort, word))

    async def aborted(self, replacement_id: str) -> Abort | None:
        """The word that turned it back."""
        return await self._ask(people.aborted(self._table, replacement_id))

    async def breakers(self, fleet: str) -> tuple[Breaker, ...]:
        """The breakers that are open."""
        return (await self._ask(stories.read_now(self._table))).breakers_of(fleet)

    async def open_breaker(self, breaker: Breaker, lease: Lease) -> None:
        """Open a breaker."""
        await self._decide(partial(people.open_breaker, breaker, lease))

    async def close_breaker(self, breaker: Breaker, by: str, at: datetime, lease: Lease) -> None:
        """Close a breaker by proof."""
        await self._decide(partial(people.close_breaker, breaker, by, at, lease))

    async def save_policy(self, policy: Policy) -> None:
        """Keep a policy's document under its hash; what is there already is the same."""
        key = keys.policy(policy.hash)
        if await self._table.get(key) is None:
            await self._write(self._table.put(Item(key, body=squeezed(policy.document.encode()))))

    async def policy_document(self, policy_hash: str) -> str | None:
        """The document of that hash."""
        found = await self._table.get(keys.policy(policy_hash))
        return unsqueezed(found.body).decode() if found else None

    async def pending(self, limit: int) -> tuple[tuple[int, bytes, datetime], ...]:
        """The oldest undelivered spans."""
        return await self._ask(outbox.pending(self._table, limit))

    async def outbox_size(self) -> int:
        """How many spans wait to be delivered."""
        return await self._ask(outbox.size(self._table))

    async def delivered(self, ids: Sequence[int], at: datetime) -> None:  # noqa: ARG002 - their keys' time is set already
        """Mark as delivered."""
        await self._write(outbox.delivered(self._table, ids))

    async def poisoned(self, outbox_id: int, error: str, at: datetime) -> None:
        """Mark as refused for good by the backend."""
        await self._write(outbox.poisoned(self._table, outbox_id, error, at))


async def _look_at(table: Table) -> None:
    """Whether the table is there, with a journal's keys. Raises JournalUnavailable."""
    log = structlog.get_logger("repave.journal")
    try:
        described = await table.described("DescribeTable")
    except Gone:
        if not table.read_only:
            raise table.unavailable(table.nowhere()) from None
        table.absent = True
        log.warning("there is no such table: it reads as an empty journal", journal=str(table.address))
    except Denied as error:
        log.warning("whether it has a journal's keys cannot be told", journal=str(table.address), error=str(error))
    except PlatformError as error:
        raise table.trouble(error) from None
    else:
        wrong = wrong_keys(described)
        if wrong:
            raise table.unavailable(wrong)
        await _look_at_ttl(table)


async def _look_at_ttl(table: Table) -> None:
    log = structlog.get_logger("repave.journal")
    try:
        told = (await table.described("DescribeTimeToLive")).get("TimeToLiveDescription", {})
    except PlatformError:
        return
    if told.get("TimeToLiveStatus") not in ("ENABLED", "ENABLING") or told.get("AttributeName") != TTL_ATTRIBUTE:
        log.warning(
            "the table keeps for ever what may go: turn its TTL on",
            journal=str(table.address),
            attribute=TTL_ATTRIBUTE,
        )
