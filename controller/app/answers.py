"""What a journal and a configuration can answer: the same documents for `get --json` and for the HTTP API."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from controller.app.configuration import duration_seconds
from controller.app.live import Live
from controller.decide.explain import request_json
from controller.domain.ports import Clock, Journal
from controller.domain.replacement import Event
from controller.domain.request import Request
from controller.operations import look, recall, request, tell
from controller.operations.nearest import not_found
from controller.record.document import trace_document
from controller.record.trace import trace_id_of
from controller.record.waterfall import waterfall

Stale = Callable[[], dict[str, Any] | None]


class Answers:
    """Implements web.asked.Answers. What each method gives, and what it raises, stands there.

    stale: since when the journal cannot be reached, and why (documents.Stale); None while it can.
    """

    def __init__(self, journal: Journal, clock: Clock, live: Live, stale: Stale = lambda: None) -> None:
        self._journal = journal
        self._clock = clock
        self._live = live
        self._stale = stale

    async def fleets(self) -> dict[str, Any]:
        """Every fleet."""
        fleets = self._live.config.fleets
        return await self._told(look.fleets(self._journal, self._clock, fleets, self._live.document()))

    async def instances(self) -> dict[str, Any]:
        """Every instance, as of the last look."""
        return await self._told(look.instances(self._journal, self._clock, self._live.config.fleets))

    async def replacements(self, limit: int) -> dict[str, Any]:
        """The newest replacements."""
        return await self._told(look.replacements(self._journal, self._clock, trace_id_of, limit))

    async def requests(self, limit: int) -> dict[str, Any]:
        """What was proposed and asked for."""
        return await self._told(look.requests(self._journal, self._clock, limit))

    async def replacement(self, replacement_id: str) -> dict[str, Any]:
        """One replacement."""
        return await recall.replacement(self._journal, replacement_id, trace_id_of)

    async def trace(self, replacement_id: str) -> dict[str, Any]:
        """The trace of one replacement."""
        return trace_document(await self._events(replacement_id), self._clock.now()).model_dump(mode="json")

    async def drawing(self, replacement_id: str, width: int) -> dict[str, Any]:
        """The trace drawn, `width` cells wide."""
        drawn = waterfall(await self._events(replacement_id), self._clock.now(), width)
        lines = [{"text": line.text, "style": line.style.value} for line in drawn]
        return {"replacement": replacement_id, "lines": lines}

    async def holds(self) -> dict[str, Any]:
        """The stops in force."""
        return await self._told(recall.holds(self._journal, self._clock))

    async def plan(self, fleet: str | None) -> dict[str, Any]:
        """The plan as of the last look at each fleet."""
        config = self._live.config
        return await self._told(recall.plan(self._journal, self._clock, config.fleets, config.mode.value, fleet))

    async def why(self, instance_id: str) -> dict[str, Any]:
        """One instance as of the last look."""
        config = self._live.config
        mode = config.mode.value
        return await self._told(recall.why(self._journal, self._clock, config.fleets, mode, instance_id))

    async def hold(self, target: str, duration: str | None, reason: str, by: str) -> dict[str, Any]:
        """Stop a fleet, an instance, or `all`."""
        scope = await self._scope_of(target)
        seconds = duration_seconds(duration) if duration is not None else None
        return look.hold_json(await tell.hold(self._journal, self._clock, scope, seconds, reason, by))

    async def resume(self, target: str, by: str) -> dict[str, Any]:
        """End the stop of a fleet, of an instance, or of `all`; what still stops it."""
        scope = await self._scope_of(target)
        ended, left = await tell.resume(self._journal, self._clock, scope, by)
        still = [look.hold_json(hold) for hold in left if hold.scope in (scope, tell.ALL)]
        return {"target": target, "ended": ended, "still_held": still}

    async def approve(self, request_id: str, by: str) -> dict[str, Any]:
        """Say yes to a proposal."""
        said = await request.approve(self._journal, self._clock, request_id, by)
        return request_json(said, self._clock.now())

    async def abort(self, replacement_id: str, reason: str, by: str) -> dict[str, Any]:
        """Turn a proposal or an open replacement back."""
        turned = await request.abort(self._journal, self._clock, replacement_id, by, reason)
        about, now = turned.about, self._clock.now()
        wish = request_json(about, now) if isinstance(about, Request) else None
        replacement = None if isinstance(about, Request) else look.replacement_json(about, trace_id_of(about.id))
        return {"sentence": turned.sentence, "request": wish, "replacement": replacement}

    async def replace(self, instance_id: str, reason: str, by: str) -> dict[str, Any]:
        """Ask for a replacement."""
        fleets = self._live.config.fleets
        wish = await request.replace(self._journal, self._clock, instance_id, reason, by, fleets)
        return request_json(wish, self._clock.now())

    async def _told(self, asked: Awaitable[dict[str, Any]]) -> dict[str, Any]:
        """The document, and since when it is no more than what was known last."""
        return await asked | {"stale": self._stale()}

    async def _events(self, replacement_id: str) -> Sequence[Event]:
        events = await self._journal.events(replacement_id)
        if not events:
            known = [item.id for item in await self._journal.replacements(recall.MOST_KNOWN)]
            raise not_found("replacement", replacement_id, known)
        return events

    async def _scope_of(self, target: str) -> str:
        return await tell.scope_of(self._journal, self._clock, target, self._live.config.fleets)
