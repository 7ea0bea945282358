"""What the command line asks and says without a daemon: straight to the journal and the platforms."""

from contextlib import AbstractAsyncContextManager
from typing import Any

from controller.app import plugins
from controller.app.build import Builder, opened_journal, shared_clients
from controller.clock import SystemClock
from controller.domain.model import Hold
from controller.domain.replacement import Event
from controller.domain.request import Request
from controller.journal.adapter import JournalAdapter
from controller.operations import ask, look, request, tell
from controller.operations.nearest import not_found
from controller.operations.request import Turned
from controller.record.document import TraceDocument, trace_document
from controller.record.trace import trace_id_of
from controller.record.waterfall import Line, waterfall
from controller.settings import Config

MOST_REPLACEMENTS = 1000
"""More than anybody reads; each is folded from all its events."""


class Desk:
    """Answers for one configuration. Everything but `hold` and `resume` opens the journal to read only."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self.clock = SystemClock()

    async def plan(self, fleet: str | None = None) -> dict[str, Any]:
        """The document of `plan --json`, for one fleet or all. Raises NotFound for an unknown fleet."""
        policies = self._config.fleets
        if fleet is not None and fleet not in policies:
            raise not_found("fleet", fleet, policies)
        async with shared_clients(self.clock) as clients, self._reading() as journal:
            builder = Builder(self._config, self.clock, clients, journal)
            sites = [builder.site(policy) for name, policy in policies.items() if fleet in (None, name)]
            return await ask.plan(sites, plugins.rules(), self._config.mode.value, self.clock)

    async def why(self, instance_id: str) -> dict[str, Any]:
        """The document of `why --json`. Raises NotFound for an unknown instance."""
        async with shared_clients(self.clock) as clients, self._reading() as journal:
            builder = Builder(self._config, self.clock, clients, journal)
            sites = [builder.site(policy) for policy in self._config.fleets.values()]
            return await ask.why(sites, plugins.rules(), instance_id, self._config.mode.value, self.clock)

    async def fleets(self) -> dict[str, Any]:
        """The document of `get fleets --json`."""
        async with self._reading() as journal:
            return await look.fleets(journal, self.clock, self._config.fleets)

    async def instances(self) -> dict[str, Any]:
        """The document of `get instances --json`."""
        async with self._reading() as journal:
            return await look.instances(journal, self.clock, self._config.fleets)

    async def replacements(self, limit: int) -> dict[str, Any]:
        """The document of `get replacements --json`."""
        async with self._reading() as journal:
            return await look.replacements(journal, self.clock, trace_id_of, limit)

    async def requests(self, limit: int) -> dict[str, Any]:
        """The document of `get requests --json`."""
        async with self._reading() as journal:
            return await look.requests(journal, self.clock, limit)

    async def events(self, replacement_id: str) -> tuple[Event, ...]:
        """The story of one replacement. Raises NotFound when there is none of that id."""
        async with self._reading() as journal:
            events = await journal.events(replacement_id)
            if not events:
                known = [item.id for item in await journal.replacements(MOST_REPLACEMENTS)]
                raise not_found("replacement", replacement_id, known)
            return events

    async def trace(self, replacement_id: str) -> TraceDocument:
        """The document of `trace --json`. Raises NotFound."""
        return trace_document(await self.events(replacement_id), self.clock.now())

    async def waterfall(self, replacement_id: str, width: int) -> list[Line]:
        """The trace drawn for a terminal `width` cells wide. Raises NotFound."""
        return waterfall(await self.events(replacement_id), self.clock.now(), width)

    async def hold(self, target: str, seconds: float | None, reason: str, by: str) -> Hold:
        """Stop a fleet, an instance, or `all`."""
        async with opened_journal(self._config.state) as journal:
            scope = await tell.scope_of(journal, self.clock, target, self._config.fleets)
            return await tell.hold(journal, self.clock, scope, seconds, reason, by)

    async def resume(self, target: str, by: str) -> tuple[int, tuple[Hold, ...]]:
        """End the stop of a fleet, of an instance, or of `all`; what still stops it."""
        async with opened_journal(self._config.state) as journal:
            scope = await tell.scope_of(journal, self.clock, target, self._config.fleets)
            ended, left = await tell.resume(journal, self.clock, scope, by)
        return ended, tuple(hold for hold in left if hold.scope in (scope, tell.ALL))

    async def approve(self, request_id: str, by: str) -> Request:
        """Say yes to a proposal. Raises NotFound and Conflict."""
        async with opened_journal(self._config.state) as journal:
            return await request.approve(journal, self.clock, request_id, by)

    async def abort(self, replacement_id: str, by: str, reason: str) -> Turned:
        """Turn a proposal or an open replacement back. Raises NotFound and Conflict."""
        async with opened_journal(self._config.state) as journal:
            return await request.abort(journal, self.clock, replacement_id, by, reason)

    async def replace(self, instance_id: str, reason: str, by: str) -> Request:
        """Ask for a replacement. Raises NotFound and Conflict."""
        async with opened_journal(self._config.state) as journal:
            return await request.replace(journal, self.clock, instance_id, reason, by, self._config.fleets)

    def _reading(self) -> AbstractAsyncContextManager[JournalAdapter]:
        return opened_journal(self._config.state, read_only=True)
