"""What the command line asks and says without a daemon: straight to the journal and the platforms."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from controller.app import plugins
from controller.app.answers import Answers
from controller.app.build import Builder, shared_clients
from controller.app.live import Live
from controller.app.state import opened_journal
from controller.clock import SystemClock
from controller.domain.ports import OpenedJournal, Resources
from controller.operations import ask
from controller.operations.nearest import not_found
from controller.settings import Config


class Desk:
    """Answers for one configuration. What only looks opens the journal to read only."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self.clock = SystemClock()

    async def plan(self, fleet: str | None = None) -> dict[str, Any]:
        """The document of `plan --json`, for one fleet or all. Raises NotFound for an unknown fleet."""
        policies = self._config.fleets
        if fleet is not None and fleet not in policies:
            raise not_found("fleet", fleet, policies)
        async with shared_clients(self.clock) as clients, self._reading(clients) as journal:
            builder = Builder(self._config, self.clock, clients, journal)
            sites = [builder.site(policy) for name, policy in policies.items() if fleet in (None, name)]
            return await ask.plan(sites, plugins.rules(), self._config.mode.value, self.clock)

    async def why(self, instance_id: str) -> dict[str, Any]:
        """The document of `why --json`. Raises NotFound for an unknown instance."""
        async with shared_clients(self.clock) as clients, self._reading(clients) as journal:
            builder = Builder(self._config, self.clock, clients, journal)
            sites = [builder.site(policy) for policy in self._config.fleets.values()]
            return await ask.why(sites, plugins.rules(), instance_id, self._config.mode.value, self.clock)

    async def fleets(self) -> dict[str, Any]:
        """The document of `get fleets --json`."""
        async with self._answers() as answers:
            return await answers.fleets()

    async def instances(self) -> dict[str, Any]:
        """The document of `get instances --json`."""
        async with self._answers() as answers:
            return await answers.instances()

    async def replacements(self, limit: int) -> dict[str, Any]:
        """The document of `get replacements --json`."""
        async with self._answers() as answers:
            return await answers.replacements(limit)

    async def requests(self, limit: int) -> dict[str, Any]:
        """The document of `get requests --json`."""
        async with self._answers() as answers:
            return await answers.requests(limit)

    async def trace(self, replacement_id: str) -> dict[str, Any]:
        """The document of `trace --json`. Raises NotFound."""
        async with self._answers() as answers:
            return await answers.trace(replacement_id)

    async def drawing(self, replacement_id: str, width: int) -> dict[str, Any]:
        """The trace drawn for a terminal `width` cells wide (operations.documents.Drawing). Raises NotFound."""
        async with self._answers() as answers:
            return await answers.drawing(replacement_id, width)

    async def hold(self, target: str, duration: str | None, reason: str, by: str) -> dict[str, Any]:
        """Stop a fleet, an instance, or `all` (operations.documents.Hold)."""
        async with self._acting() as answers:
            return await answers.hold(target, duration, reason, by)

    async def resume(self, target: str, by: str) -> dict[str, Any]:
        """End the stop of a fleet, of an instance, or of `all` (operations.documents.Resumed)."""
        async with self._acting() as answers:
            return await answers.resume(target, by)

    async def approve(self, request_id: str, by: str) -> dict[str, Any]:
        """Say yes to a proposal (operations.documents.Request). Raises NotFound and Conflict."""
        async with self._acting() as answers:
            return await answers.approve(request_id, by)

    async def abort(self, replacement_id: str, reason: str, by: str) -> dict[str, Any]:
        """Turn a proposal or an open replacement back (operations.documents.Aborted). Raises NotFound and Conflict."""
        async with self._acting() as answers:
            return await answers.abort(replacement_id, reason, by)

    async def replace(self, instance_id: str, reason: str, by: str) -> dict[str, Any]:
        """Ask for a replacement (operations.documents.Request). Raises NotFound and Conflict."""
        async with self._acting() as answers:
            return await answers.replace(instance_id, reason, by)

    @asynccontextmanager
    async def _acting(self) -> AsyncIterator[Answers]:
        async with shared_clients(self.clock) as clients, opened_journal(self._config.state, clients) as journal:
            yield Answers(journal, self.clock, Live(self._config))

    @asynccontextmanager
    async def _answers(self) -> AsyncIterator[Answers]:
        async with shared_clients(self.clock) as clients, self._reading(clients) as journal:
            yield Answers(journal, self.clock, Live(self._config))

    def _reading(self, clients: Resources) -> AbstractAsyncContextManager[OpenedJournal]:
        return opened_journal(self._config.state, clients, read_only=True)
