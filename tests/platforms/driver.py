"""Drives one replacement through the platform as the daemon would, with a journal of a list and a clock of a number.

A test double of the gate and the runner: it can crash before a call, after it, or after its outcome was noted.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar

from controller.domain.errors import PlatformError
from controller.domain.lifecycle import IN_STEP, NEXT_STEP, Kind, Phase, Step
from controller.domain.ports import Adopted, Done, Platform, Refused, Waiting, Work
from controller.domain.replacement import Event, Replacement, apply, begin
from tests.platforms.groups import T0

T = TypeVar("T")
POLL = timedelta(seconds=5)


class Moment(StrEnum):
    """Where a crash strikes, seen from one mutating call."""

    BEFORE = "before the call"
    DURING = "after its effect"
    AFTER = "after its outcome"


class Crash(BaseException):
    """kill -9."""


@dataclass
class Crashes:
    """Crash at the nth mutating call (from 0), once."""

    at: int
    moment: Moment
    struck: bool = False

    def strike(self, index: int, moment: Moment) -> None:
        if (index, moment) == (self.at, self.moment) and not self.struck:
            self.struck = True
            raise Crash


def accepted(replacement_id: str, predecessor: str, zone: str, group: str = "web") -> Replacement:
    facts = {
        "fleet": "web",
        "platform": "asg",
        "group": group,
        "zone": zone,
        "predecessor": predecessor,
        "causes": ["max_image_age"],
        "policy_hash": "h",
    }
    return begin(Event(replacement_id, 0, T0, Kind.ACCEPTED, None, facts))


@dataclass
class Drive:
    """One replacement and who drives it.

    build: a fresh platform, as after a restart. others: the other replacements, asked at every poll. fail_before: the
    step that something else than the platform calls off. waits: what was waited for, in words.
    """

    state: Replacement
    build: Callable[[], Platform]
    now: datetime = T0
    others: Callable[[], tuple[Replacement, ...]] = lambda: ()
    crashes: Crashes | None = None
    fail_before: Step | None = None
    calls: list[str] = field(default_factory=list)
    waits: list[str] = field(default_factory=list)
    facts: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    crashed: int = 0

    def __post_init__(self) -> None:
        self.platform = self.build()

    async def poll(self) -> None:
        """One advance; a crash ends the process, and the next poll is another one's."""
        try:
            await self._advance()
        except Crash:
            self.crashed += 1
            self.platform = self.build()
            self._settle()
        except PlatformError as error:
            self.waits.append(str(error))
            if not error.retryable and not self.state.undoing:
                self._fail(Refused(str(error), error.code))

    async def run(self, between: Callable[[], None], polls: int = 60) -> Replacement:
        """To the end, letting the world move between polls."""
        for _ in range(polls):
            if not self.state.open:
                return self.state
            await self.poll()
            self.now += POLL
            between()
        raise AssertionError(f"not closed after {polls} polls: {self.state.phase}, {self.waits[-3:]}")

    async def mutate(self, call: str, arguments: Mapping[str, Any], perform: Callable[[], Awaitable[T]]) -> T:
        step, ordinal = None if self.state.undoing else NEXT_STEP[self.state.phase], len(self.state.calls)
        self._record(Kind.CALLED, step, call=call, ordinal=ordinal, arguments=dict(arguments))
        self.calls.append(call)
        self._strike(ordinal, Moment.BEFORE)
        try:
            result = await perform()
        except PlatformError as error:
            self._record(Kind.RETURNED, step, call=call, outcome="unknown" if error.perhaps else "failed")
            raise
        self._strike(ordinal, Moment.DURING)
        told = {"result": result} if isinstance(result, dict) else {}
        self._record(Kind.RETURNED, step, call=call, outcome="ok", **told)
        self._strike(ordinal, Moment.AFTER)
        return result

    async def _advance(self) -> None:
        if self.state.undoing:
            await self._undo()
            return
        step = NEXT_STEP[self.state.phase]
        looked_first = step is Step.DRAIN and self.state.phase is Phase.VERIFIED
        if step is self.fail_before and looked_first:
            self._fail(Refused("called off", "test"))
            return
        if self.state.phase not in IN_STEP:
            self._record(Kind.STARTED, step)
        if step is self.fail_before:
            self._fail(Refused("called off", "test"))
        elif step is Step.VERIFY:
            self._record(Kind.SUCCEEDED, step, verification="improved")
        else:
            await self._step(step)

    async def _undo(self) -> None:
        match await self.platform.undo(self._work()):
            case Done(facts, outcome):
                self.facts["undo"] = facts
                self._record(Kind.UNDONE, Step.LAUNCH)
                self._close(outcome)
            case Waiting(reason):
                self.waits.append(reason)
            case Refused() as refused:
                raise AssertionError(f"a way back is not refused: {refused}")

    async def _step(self, step: Step) -> None:
        match await getattr(self.platform, step.value)(self._work()):
            case Done(facts):
                self.facts[step.value] = facts
                self._record(Kind.SUCCEEDED, step, **facts)
                if step is Step.TERMINATE:
                    self._close()
            case Adopted(successor, facts):
                self._record(Kind.SUCCEEDED, Step.LAUNCH, successor=successor, **facts)
            case Refused() as refused:
                self._fail(refused)
            case Waiting(reason):
                self.waits.append(reason)

    def _work(self) -> Work:
        return Work(self.state, self.others(), self.mutate, self.now)

    def _fail(self, refused: Refused) -> None:
        step, facts = NEXT_STEP[self.state.phase], {"reason": refused.reason, "error_type": refused.error_type}
        self._record(Kind.FAILED, step, outcome=refused.outcome, **facts)

    def _close(self, outcome: str = "") -> None:
        ended = "replaced" if self.state.phase is Phase.TERMINATED else (self.state.failure or {})["outcome"]
        self._record(Kind.CLOSED, outcome=outcome or ended)

    def _settle(self) -> None:
        call = self.state.in_doubt
        if call is not None and call.outcome is None:
            self._record(Kind.RETURNED, call.step, call=call.name, outcome="unknown")

    def _record(self, kind: Kind, step: Step | None = None, **facts: Any) -> None:
        self.state = apply(self.state, self.state.next_event(self.now, kind, step, **facts))

    def _strike(self, index: int, moment: Moment) -> None:
        if self.crashes is not None:
            self.crashes.strike(index, moment)
