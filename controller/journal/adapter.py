"""The journal's port, asynchronous: each method is one transaction, run wherever `run` runs it."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection

from controller.domain.errors import JournalUnavailable
from controller.domain.memory import Memory
from controller.domain.model import Breaker, Hold
from controller.domain.past import History
from controller.domain.policy import Policy
from controller.domain.ports import Budget, Lease, Lifted, Presence, TickRecord
from controller.domain.replacement import Event, Replacement
from controller.domain.request import Abort, Request
from controller.domain.veto import Veto
from controller.journal import lease as leases
from controller.journal import outbox, people, policies, presences, requests, ticks
from controller.journal.aborts import abort
from controller.journal.accept import accept
from controller.journal.events import append, newest, open_replacements, story
from controller.journal.history import history
from controller.journal.lease import acquire, holder, release
from controller.journal.letting_go import let_go
from controller.journal.logic.holding import scopes_of
from controller.journal.sql import SqlJournal
from controller.journal.versions import version
from controller.journal.worker import Run, direct

P = ParamSpec("P")
T = TypeVar("T")


class JournalAdapter:
    """`domain.ports.OpenedJournal` over one opened SqlJournal. What each method means and raises stands there.

    run: `direct` on a virtual clock, a `WorkerThread` in production.
    """

    def __init__(self, sql: SqlJournal, run: Run = direct) -> None:
        self._sql = sql
        self._run = run

    async def _read(self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._run(lambda: self._sql.read(work, *args, **kwargs))

    async def _write(self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._run(lambda: self._sql.write(work, *args, **kwargs))

    async def aclose(self) -> None:
        """Close it, after what was asked before. The worker belongs to whoever made it."""
        with suppress(JournalUnavailable):  # told to whoever waited: it hangs, and ends with the process
            await self._run(self._sql.close)

    async def healthy(self) -> bool:
        """Whether the journal can be read now."""
        try:
            await self._read(version)
        except JournalUnavailable:
            return False
        return True

    async def acquire(self, fleet: str, owner: str, ttl_seconds: float, now: datetime) -> Lease | None:
        """Take or renew the lease; None while another owner's is valid."""
        return await self._write(acquire, fleet, owner, ttl_seconds, now)

    async def release(self, lease: Lease) -> None:
        """Give the lease up."""
        await self._write(release, lease)

    async def holder(self, fleet: str) -> Lease | None:
        """Whose lease it is, expired or not."""
        return await self._read(holder, fleet)

    async def leases(self) -> tuple[Lease, ...]:
        """The lease of every fleet, expired or not."""
        return await self._read(leases.every)

    async def announce(self, owner: str, fleets: frozenset[str], ttl_seconds: float, now: datetime) -> None:
        """Say that this daemon is there."""
        await self._write(presences.announce, owner, fleets, ttl_seconds, now)

    async def present(self, now: datetime) -> tuple[Presence, ...]:
        """The daemons that are there."""
        return await self._read(presences.present, now)

    async def leave(self, owner: str) -> None:
        """This daemon is not there any more."""
        await self._write(presences.leave, owner)

    async def accept(self, event: Event, lease: Lease, budget: Budget) -> Replacement | tuple[Veto, ...]:
        """Insert the `accepted` event, or say why not."""
        return await self._write(accept, self._sql.projector, event, lease, budget)

    async def append(self, events: Sequence[Event], lease: Lease) -> None:
        """Append events of one replacement, with the spans that they complete."""
        await self._write(append, self._sql.projector, events, lease)

    async def open_replacements(self, fleet: str | None = None) -> tuple[Replacement, ...]:
        """All that are not closed, oldest first."""
        return await self._read(open_replacements, fleet)

    async def replacements(self, limit: int = 50) -> tuple[Replacement, ...]:
        """The newest, open or closed, newest first."""
        return await self._read(newest, limit)

    async def events(self, replacement_id: str) -> tuple[Event, ...]:
        """The whole story of one replacement."""
        return await self._read(story, replacement_id)

    async def history(self, fleet: str, now: datetime) -> History:
        """What limits need to know."""
        return await self._read(history, fleet, now)

    async def memory(self, fleet: str) -> Memory:
        """What the last tick left."""
        return await self._read(ticks.memory, fleet)

    async def record_tick(self, record: TickRecord, lease: Lease) -> tuple[str, ...]:
        """Store one tick; returns the instance ids whose refusal changed."""
        return await self._write(ticks.record_tick, self._sql.projector, record, lease)

    async def reports(self) -> tuple[TickRecord, ...]:
        """The newest record of every fleet."""
        return await self._read(ticks.reports)

    async def holds(self, now: datetime) -> tuple[Hold, ...]:
        """The holds in force."""
        return await self._read(people.in_force, now)

    async def hold(self, hold: Hold) -> None:
        """Put a hold in force."""
        await self._write(people.hold, hold)

    async def resume(self, scope: str, by: str, at: datetime) -> int:
        """End the scope's hold and breakers, and forget its failures in a row."""
        return await self._write(people.resume, scope, by, at)

    async def hold_on(self, replacement: Replacement, at: datetime) -> Hold | None:
        """The hold that forbids its next call."""
        return await self._read(people.hold_on, replacement, at)

    async def lifted(self, replacement: Replacement, since: datetime) -> Lifted | None:
        """Who ended the hold that stopped it."""
        return await self._read(people.lifted, scopes_of(replacement), since)

    async def requests(self, now: datetime, fleet: str | None = None) -> tuple[Request, ...]:
        """What still stands, oldest first."""
        return await self._read(requests.standing, now, fleet)

    async def all_requests(self, limit: int = 50) -> tuple[Request, ...]:
        """The newest, newest first."""
        return await self._read(requests.newest, limit)

    async def request(self, request_id: str) -> Request | None:
        """The one of this id."""
        return await self._read(requests.one, request_id)

    async def approve(self, request_id: str, by: str, at: datetime) -> Request:
        """Say yes to a proposal."""
        return await self._write(requests.approve, request_id, by, at)

    async def ask(self, request: Request) -> Request:
        """Keep what a person asks for."""
        return await self._write(requests.ask, request)

    async def abort(self, word: Abort) -> Request | Replacement:
        """Turn a request or a replacement back."""
        return await self._write(abort, word)

    async def aborted(self, replacement_id: str) -> Abort | None:
        """The word that turned it back."""
        return await self._read(people.aborted, replacement_id)

    async def breakers(self, fleet: str) -> tuple[Breaker, ...]:
        """The breakers that are open."""
        return await self._read(people.open_breakers, fleet)

    async def open_breaker(self, breaker: Breaker, lease: Lease) -> None:
        """Open a breaker."""
        await self._write(people.open_breaker, breaker, lease)

    async def close_breaker(self, breaker: Breaker, by: str, at: datetime, lease: Lease) -> None:
        """Close a breaker by proof."""
        await self._write(people.close_breaker, breaker, by, at, lease)

    async def save_policy(self, policy: Policy) -> None:
        """Keep a policy's document under its hash."""
        await self._write(policies.save, policy)

    async def policy_document(self, policy_hash: str) -> str | None:
        """The document of that hash."""
        return await self._read(policies.document, policy_hash)

    async def let_go(self, before: datetime) -> int:
        """Let go of what is older and counts no more."""
        return await self._write(let_go, before)

    async def pending(self, limit: int) -> tuple[tuple[int, bytes, datetime], ...]:
        """The oldest undelivered spans."""
        return await self._read(outbox.pending, limit)

    async def outbox_size(self) -> int:
        """How many spans wait to be delivered."""
        return await self._read(outbox.size)

    async def delivered(self, ids: Sequence[int], at: datetime) -> None:
        """Mark as delivered."""
        await self._write(outbox.delivered, ids, at)

    async def poisoned(self, outbox_id: int, error: str, at: datetime) -> None:
        """Mark as refused for good by the backend."""
        await self._write(outbox.poisoned, outbox_id, error, at)
