"""Drives one replacement from wherever its journal says it stands to its end."""

import asyncio
from collections import defaultdict
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from datetime import timedelta
from typing import Any

from controller.act.saga import Saga
from controller.act.site import Site, Sites
from controller.act.steps import LOOK_BEFORE, advance, look
from controller.act.stops import end_of, stop_of, undone_too_late
from controller.act.tenure import Tenure
from controller.decide.breakers import opened_by
from controller.decide.looks import TurnBack, Wait
from controller.decide.waits import deadline_seconds
from controller.domain.errors import Denied, Held, JournalUnavailable, PlatformError
from controller.domain.lifecycle import IN_STEP, NEXT_STEP, Kind, Outcome, Phase, Step
from controller.domain.ports import PRESSING, Adopted, Clock, Done, Journal, Progress, Refused, Waiting, Work
from controller.domain.replacement import Replacement
from controller.domain.request import Abort

SEGMENT = timedelta(minutes=50)
"""What lasts longer continues in a linked trace: backends drop spans that are older than an hour."""

MOST_BACKOFF_SECONDS = 60.0
MOST_JOURNAL_BACKOFF_SECONDS = 5.0
"""The journal is asked again sooner than a vendor: it is ours, and while it is away everything stands still."""


class Runner:
    """The hand of one fleet. `drive` may run for several replacements at once; steps in one group take turns where the
    platform needs it, so that no newcomer is claimed twice and no count is written over.

    waiting_for: what each driven replacement waits for at present, in words, by its id. stands: where each is.
    """

    def __init__(self, site: Site, sites: Sites, journal: Journal, tenure: Tenure, clock: Clock) -> None:
        self.waiting_for: dict[str, str] = {}
        self.stands: dict[str, Replacement] = {}
        self._site = site
        self._sites = sites
        self._journal = journal
        self._tenure = tenure
        self._clock = clock
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    def adopt(self, site: Site, sites: Sites) -> None:
        """From now on, what is not driven yet is driven with these; what is driven already goes on as it is."""
        self._site, self._sites = site, sites

    async def drive(self, replacement: Replacement) -> Replacement:
        """Advance until it is closed, pausing between advances.

        Raises LeaseLost when another daemon has to go on with it. Safe to cancel: a mutation under way is finished.
        """
        saga = Saga(replacement, self._journal, self._tenure, self._clock)
        site = await self._sites(replacement.policy_hash) or self._site
        failures, pressing = 0, PRESSING.set(True)
        try:
            while saga.state.open:
                pause = site.policy.poll_seconds
                try:
                    await saga.settle()
                    if saga.state.open:
                        pause = await self._advance(saga, site)
                    failures = 0
                except Held as held:
                    saga.waiting_for, saga.looked_at = str(held), None
                except (PlatformError, JournalUnavailable) as error:
                    failures += 1
                    ours = isinstance(error, JournalUnavailable)
                    most = MOST_JOURNAL_BACKOFF_SECONDS if ours else MOST_BACKOFF_SECONDS
                    pause = min(pause * 2 ** min(failures, 10), most)
                    if await self._ended_by(error, saga, site):
                        failures, pause = 0, 0.0
                self.waiting_for[replacement.id], self.stands[replacement.id] = saga.waiting_for, saga.state
                if saga.state.open:
                    await self._clock.sleep(pause)
        finally:
            PRESSING.reset(pressing)
            self.waiting_for.pop(replacement.id, None)
            self.stands.pop(replacement.id, None)
        return saga.state

    async def _ended_by(self, error: Exception, saga: Saga, site: Site) -> bool:
        """A vendor's error ends a step when more tries are pointless or late; the journal's may have lost our place."""
        saga.waiting_for, phase = str(error), saga.state.phase
        with suppress(JournalUnavailable):
            if isinstance(error, JournalUnavailable):
                await saga.reload()
            elif isinstance(error, PlatformError) and not saga.state.undoing:
                if _pointless(error, saga.state):
                    await self._fail(saga, Refused(str(error), error.code))
                else:
                    await self._unless_late(saga, site)
                return saga.state.phase is not phase
        return False

    async def _advance(self, saga: Saga, site: Site) -> float:
        """One advance; returns how many seconds to wait before the next."""
        saga.polls += 1
        abort = await self._journal.aborted(saga.state.id)
        if await self._paused(saga, site, abort):
            return site.policy.poll_seconds
        if abort is not None and not saga.state.undoing:
            await self._turn_back(saga, abort)
            return 0.0
        if saga.state.segment_since and self._clock.now() - saga.state.segment_since > SEGMENT:
            await saga.record((Kind.CONTINUED, None, {}))
        if saga.state.undoing:
            return await self._undo(saga, site)
        step = NEXT_STEP[saga.state.phase]
        if step in LOOK_BEFORE and not _begun(saga.state, step):
            if saga.state.phase in IN_STEP and not await self._unless_late(saga, site):
                return 0.0
            pause = await self._look(saga, site, step)
            if pause is not None:
                return pause
        if saga.state.phase not in IN_STEP:
            waited = {"polls": saga.polls, "waited_for": saga.waiting_for} if saga.polls > 1 else {}
            await saga.record((Kind.STARTED, step, waited))
            saga.polls = 1
        return await self._step(saga, site, step)

    async def _look(self, saga: Saga, site: Site, step: Step) -> float | None:
        """Is it still right to take this step? None when it is, and was looked at a moment ago."""
        now, fresh = self._clock.now(), timedelta(seconds=site.policy.poll_seconds)
        if saga.looked_at is not None and now - saga.looked_at <= fresh and saga.state.phase in IN_STEP:
            return None
        match await look(step, saga, site, self._clock):
            case Wait(veto):
                saga.waiting_for = f"{veto.rule}: {veto.reason}"
                return await self._unless_late(saga, site)
            case TurnBack(reason, error_type, outcome):
                await self._fail(saga, Refused(reason, error_type, outcome))
                return 0.0
            case _:
                saga.looked_at = self._clock.now()
                return None

    async def _step(self, saga: Saga, site: Site, step: Step) -> float:
        if step is Step.VERIFY:
            return await self._after(saga, site, step, await advance(step, await self._work(saga), saga, site))
        async with self._turn(saga, site):
            return await self._after(saga, site, step, await advance(step, await self._work(saga), saga, site))

    async def _after(self, saga: Saga, site: Site, step: Step, progress: Progress | Adopted) -> float:
        match progress:
            case Done(facts):
                await self._succeed(saga, step, dict(facts))
            case Adopted(successor, facts):
                adopted = {**facts, "successor": successor, "adopted": True}
                await saga.record((Kind.SUCCEEDED, Step.LAUNCH, adopted))
            case Refused():
                await self._fail(saga, progress)
            case Waiting(reason, seconds):
                saga.waiting_for = reason
                pause = await self._unless_late(saga, site)
                return pause if seconds is None or saga.state.phase not in IN_STEP else seconds
        return 0.0

    async def _succeed(self, saga: Saga, step: Step, facts: dict[str, Any]) -> None:
        facts |= {"polls": saga.polls, "waited_for": saga.waiting_for}
        if step is Step.TERMINATE:
            closed = (Kind.CLOSED, None, {"outcome": Outcome.REPLACED.value})
            await saga.record((Kind.SUCCEEDED, step, facts), closed)
        else:
            await saga.record((Kind.SUCCEEDED, step, facts))

    async def _fail(self, saga: Saga, refused: Refused) -> None:
        step = NEXT_STEP[saga.state.phase]
        facts: dict[str, Any] = {
            "reason": refused.reason,
            "error_type": refused.error_type,
            "outcome": Outcome(refused.outcome).value,
            "polls": saga.polls,
        }
        if step is Step.VERIFY:
            proven = refused.error_type in ("same", "worse")
            facts["verification"] = refused.error_type if proven else "unproven"
            facts["sides"] = list(saga.proof.sides) if saga.proof else []
            if proven:
                await self._open_breakers(saga)
        await saga.record((Kind.FAILED, step, facts))

    async def _open_breakers(self, saga: Saga) -> None:
        """A successor no better than its predecessor: replacing does not cure this cause."""
        for breaker in opened_by(saga.state, saga.proof, self._clock.now()):
            await self._journal.open_breaker(breaker, self._tenure.lease())

    async def _unless_late(self, saga: Saga, site: Site) -> float:
        """The pause before the next try, unless the deadline has passed: then the step ends here, one way or the other.

        A drain that began, and was given its whole time, goes on: its connections have had it.
        """
        step = NEXT_STEP[saga.state.phase]
        seconds = deadline_seconds(step, site.policy)
        if saga.state.elapsed_seconds(self._clock.now()) <= seconds:
            return site.policy.poll_seconds
        if saga.state.phase is Phase.DRAINING and _begun(saga.state, step):
            await self._succeed(saga, step, {"timed_out": True})
        else:
            reason = f"{step} was not over after {seconds:g} s; it waited for: {saga.waiting_for}"
            await self._fail(saga, Refused(reason, "deadline"))
        return 0.0

    async def _undo(self, saga: Saga, site: Site) -> float:
        """Give everything back, then close. What cannot be given back in time is named and left to a person."""
        failure = dict(saga.state.failure or {})
        closed = {"outcome": failure.get("outcome", Outcome.FAILED.value), "reason": failure.get("reason", "")}
        if undone_too_late(saga.state, site, self._clock.now()):
            left = {"outcome": Outcome.FAILED.value, "left_behind": _left_behind(saga.state)}
            await saga.record((Kind.CLOSED, None, closed | left))
            return 0.0
        async with self._turn(saga, site):
            progress = await site.platform.undo(await self._work(saga))
            if not isinstance(progress, Done):
                saga.waiting_for = progress.reason
                soon = progress.seconds if isinstance(progress, Waiting) else None
                return site.policy.poll_seconds if soon is None else soon
            facts = {**progress.facts, "polls": saga.polls}
            closed |= {"outcome": progress.outcome} if progress.outcome else {}
            await saga.record(
                *([(Kind.UNDONE, Step.DRAIN, {})] if facts.get("drain_undone") else ()),
                (Kind.UNDONE, Step.LAUNCH, facts),
                (Kind.CLOSED, None, closed),
            )
        return 0.0

    def _turn(self, saga: Saga, site: Site) -> AbstractAsyncContextManager[Any]:
        """Its turn in its group, where the platform needs turns."""
        return self._turns[saga.state.group] if site.platform.takes_turns else nullcontext()

    async def _work(self, saga: Saga) -> Work:
        everyone = await self._journal.open_replacements(saga.state.fleet)
        others = tuple(other for other in everyone if other.id != saga.state.id)
        return Work(saga.state, others, saga.mutate, self._clock.now())

    async def _turn_back(self, saga: Saga, abort: Abort) -> None:
        """Obey a person's abort: the step that is next fails with it, and the way back begins."""
        facts = {"reason": abort.sentence(), "error_type": "aborted", "outcome": Outcome.ABORTED.value, "by": abort.by}
        await saga.record((Kind.FAILED, NEXT_STEP[saga.state.phase], {**facts, "polls": saga.polls}))

    async def _paused(self, saga: Saga, site: Site, abort: Abort | None) -> bool:
        """Journal the beginning and the end of a pause; after it, the next step is looked at again."""
        state = saga.state
        stop = await stop_of(state, site, self._journal, abort, self._clock.now())
        if stop is not None:
            if state.paused_at is None:
                await saga.record((Kind.PAUSED, None, stop.facts))
            saga.waiting_for, saga.looked_at = stop.reason, None
        elif state.paused_at is not None:
            over = await end_of(state, self._journal, abort, state.paused_at)
            await saga.record((Kind.RESUMED, None, over.facts))
            saga.waiting_for = ""
        return stop is not None


def _begun(state: Replacement, step: Step) -> bool:
    """Whether a call of this step took effect, or may have; one that failed changed nothing."""
    return any(call.step is step and call.outcome != "failed" for call in state.calls)


def _left_behind(state: Replacement) -> str:
    """What a person has to look after when the way back could not be finished."""
    launched = any(call.step is Step.LAUNCH and call.outcome != "failed" for call in state.calls)
    drained = any(call.step is Step.DRAIN and call.outcome != "failed" for call in state.calls)
    left = [state.successor or "a launch nobody saw"] if launched else []
    left += [f"{state.predecessor}, drained"] if drained and not state.drain_undone else []
    return "; ".join(left) or "nothing"


def _pointless(error: PlatformError, state: Replacement) -> bool:
    """Whether trying the same again can only fail again. Refused credentials may come back once something has begun."""
    if error.retryable:
        return False
    return not isinstance(error, Denied) or state.phase in (Phase.ACCEPTED, Phase.LAUNCHING)
