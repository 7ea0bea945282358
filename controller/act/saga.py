"""One replacement while it is being driven: its state, and the only way to change it or anything outside."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from controller.act.tenure import Tenure
from controller.decide.verify import Proof
from controller.domain.errors import JournalUnavailable, LeaseLost, PlatformError
from controller.domain.lifecycle import NEXT_STEP, Kind, Step
from controller.domain.ports import Clock, Journal
from controller.domain.replacement import Replacement, apply, fold

T = TypeVar("T")


class Saga:
    """Intent before effect, once: `record` journals, then moves the state; `mutate` is the gate of every mutation.

    polls: how often the present phase was looked at. looked_at: when the present step was last found to be still right.
    waiting_for: what it waits for, in words. proof: how the successor stood when it was last verified.
    """

    def __init__(self, state: Replacement, journal: Journal, tenure: Tenure, clock: Clock) -> None:
        self.state = state
        self.polls = 0
        self.looked_at: datetime | None = None
        self.waiting_for = ""
        self.proof: Proof | None = None
        self._unsure = False
        self._journal = journal
        self._tenure = tenure
        self._clock = clock

    async def record(self, *steps: tuple[Kind, Step | None, Mapping[str, Any]]) -> None:
        """Journal these events in one transaction, then move the state.

        Raises LeaseLost, Held (only for a `called` event) or JournalUnavailable: then nothing moved here.
        """
        at, state, events = self._clock.now(), self.state, []
        for kind, step, facts in steps:
            event = state.next_event(at, kind, step, **facts)
            state = apply(state, event)
            events.append(event)
        beginning = any(kind is Kind.CALLED for kind, _, _ in steps)
        lease = self._tenure.require() if beginning else self._tenure.lease()
        try:
            await self._journal.append(events, lease)
        except JournalUnavailable:
            self._unsure = True
            raise
        if state.phase is not self.state.phase:
            self.polls, self.waiting_for = 0, ""
        self.state = state

    async def reload(self) -> None:
        """Take the state from the journal again, after a write whose fate is unknown."""
        self.state = fold(await self._journal.events(self.state.id))
        self._unsure = False

    async def settle(self) -> None:
        """Find out what became of a write whose answer was lost, and close the intent of a call that a crash cut:
        nobody knows whether it took effect. Raises JournalUnavailable while neither can be done."""
        if self._unsure:
            await self.reload()
        call = self.state.in_doubt
        if call is not None and call.outcome is None:
            facts = {"call": call.name, "ordinal": call.ordinal, "outcome": "unknown", "error": "cut by a crash"}
            await self.record((Kind.RETURNED, call.step, facts))

    async def mutate(self, call: str, arguments: Mapping[str, Any], perform: Callable[[], Awaitable[T]]) -> T:
        """Journal the intent, perform, journal the outcome; a dict (of JSON values) that it returns is journaled too.
        See domain.ports.Mutate."""
        step = None if self.state.undoing else NEXT_STEP[self.state.phase]
        ordinal = len(self.state.calls)
        await self.record((Kind.CALLED, step, {"call": call, "ordinal": ordinal, "arguments": dict(arguments)}))
        return await to_the_end(self._perform(call, ordinal, step, perform))

    async def _perform(self, call: str, ordinal: int, step: Step | None, perform: Callable[[], Awaitable[T]]) -> T:
        outcome: dict[str, Any] = {"call": call, "ordinal": ordinal, "outcome": "unknown"}
        try:
            # Once more: a process that was stopped since it journaled its intent may have slept through its lease.
            self._tenure.require()
            result = await perform()
            outcome["outcome"] = "ok"
            outcome |= {"result": result} if isinstance(result, dict) else {}
            return result
        except LeaseLost as error:
            outcome |= {"outcome": "failed", "error": str(error), "code": "lease_lost"}
            raise
        except PlatformError as error:
            outcome |= {"error": str(error), "code": error.code}
            outcome["outcome"] = "unknown" if error.perhaps else "failed"
            raise
        except Exception as error:
            outcome |= {"error": str(error), "code": type(error).__name__}
            raise
        finally:
            await self.record((Kind.RETURNED, step, outcome))


async def to_the_end(work: Awaitable[T]) -> T:
    """Finish even when cancelled, then let the cancellation go on: an intent once journaled gets its outcome."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
