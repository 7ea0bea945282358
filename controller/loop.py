"""One fleet's loop: observe, judge, plan, act, record. A tick ends in a sentence a person can read."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from controller.act.accept import acceptance, approved, budget, proposal
from controller.act.caretaker import Caretaker
from controller.act.nudge import Nudge
from controller.act.recollection import JournalLost, Recollection
from controller.act.runner import Runner
from controller.act.site import Site, Sites
from controller.act.tenure import Tenure
from controller.decide.breakers import changes
from controller.decide.explain import explain, isoformat, refusals, sentence_of, watching_only
from controller.decide.judge import judge
from controller.decide.plan import plan
from controller.decide.proposals import to_propose, withdrawn
from controller.decide.rule import RuleSpec
from controller.domain.errors import JournalUnavailable, LeaseLost, PlatformError
from controller.domain.laps import lap
from controller.domain.lifecycle import Outcome
from controller.domain.model import Snapshot
from controller.domain.ports import Clock, Journal, Platform, TickRecord
from controller.domain.replacement import Replacement
from controller.domain.request import Request
from controller.domain.verdict import Judgement, Plan


@dataclass(frozen=True, slots=True)
class Tick:
    """What one tick came to.

    sentence: for people. settled: nothing to do now or soon (see decide.plan). standby: another daemon acts here.
    failed: replacements that failed since this loop began. held_in_flight: holds stop all that is open.
    looked: whether the fleet could be looked at and decided about. counts: its instances by verdict.
    seen, record: what was looked at, and what was made of it; None where nothing was. journal_there: whether the
    journal answered. journal_lost: since when it is missing; while it is, the fleet is only watched, and the record is
    in no journal.
    """

    fleet: str
    sentence: str
    next_look_at: datetime
    settled: bool = False
    standby: bool = False
    failed: int = 0
    held_in_flight: bool = False
    breaker_open: bool = False
    looked: bool = True
    counts: Mapping[str, int] = field(default_factory=dict)
    seen: Snapshot | None = None
    record: TickRecord | None = None
    journal_there: bool = False
    journal_lost: JournalLost | None = None


class FleetLoop:
    """Watches and repaves one fleet for as long as it holds the lease.

    site: the fleet under the present policy. sites: the same under older policies, for replacements accepted then.
    wake: asks for the next tick at once, because a replacement ended or the platform told of a change.
    """

    def __init__(
        self,
        site: Site,
        sites: Sites,
        rules: Sequence[RuleSpec],
        journal: Journal,
        tenure: Tenure,
        clock: Clock,
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        self.fleet = site.policy.fleet
        self._site = site
        self._next: tuple[Site, Sites] | None = None
        self._rules = rules
        self._journal = journal
        self._clock = clock
        self._wake = wake
        self._nudge = Nudge(clock, wake)
        self._listens_to: Platform | None = None
        self._end_listening: Callable[[], None] = lambda: None
        self._tenure = tenure
        self._runner = Runner(site, sites, journal, tenure, clock)
        self._caretaker = Caretaker(self.fleet, journal, tenure, clock)
        self._driving: dict[str, asyncio.Task[Replacement]] = {}
        self._keeping: asyncio.Task[None] | None = None
        self._broken: dict[str, str] = {}
        self._known = Recollection()
        self._failed = 0

    async def tick(self) -> Tick:
        """Look once, decide, and set going what was decided. Raises nothing that a later tick could cure."""
        if self._next is not None:
            self._site, sites = self._next
            self._next = None
            self._runner.adopt(self._site, sites)
        self._listen()
        try:
            tick = await self._act()
        except JournalUnavailable as error:
            return await self._watch(self._known.missed(self._clock.now(), str(error)))
        except PlatformError as error:
            tick = self._later(_unseen(error))
        except LeaseLost as error:
            tick = self._later(f"stopped acting: {error}")
        self._known.found()
        return replace(tick, journal_there=True)

    @property
    def busy(self) -> bool:
        """Whether a replacement is driven here."""
        return bool(self._driving)

    def adopt(self, site: Site, sites: Sites) -> None:
        """From the next tick on, decide under another policy. The lease stays, and open replacements keep the policy
        that they were accepted under."""
        self._next = (site, sites)

    async def stop(self, within_seconds: float) -> None:
        """Park every replacement where it stands, finish a mutation under way, and give the lease up.

        What is not finished within the time keeps the lease until it runs out by itself.
        """
        self._turn_away()
        tasks = [task for task in (*self._driving.values(), self._keeping) if task is not None]
        for task in tasks:
            task.cancel()
        unfinished = (await asyncio.wait(tasks, timeout=within_seconds))[1] if tasks else set()
        if not unfinished:
            with suppress(JournalUnavailable, LeaseLost):
                await self._tenure.release()

    async def _act(self) -> Tick:
        """A tick with the journal: under the lease, or standing by."""
        if await self._tenure.take() is None or await self._handed_over():
            return await self._stand_by()
        self._keep_lease()
        await self._drive_open()
        return await self._look_and_act()

    async def _handed_over(self) -> bool:
        """Give the fleet up where another daemon has too few, and nothing is under way."""
        if self.busy or not self._tenure.unwanted or await self._journal.open_replacements(self.fleet):
            return False
        await self._end_keeping()
        await self._tenure.release()
        return True

    async def _watch(self, lost: JournalLost) -> Tick:
        """A tick without the journal: nothing is written, so nothing is done; what is driven waits for it too."""
        if not self._known.anything:
            return replace(self._later(f"cannot act, the journal is not there: {lost.reason}"), journal_lost=lost)
        policy = self._site.policy
        try:
            with lap(self._clock, "observe"):
                snapshot = await self._site.observer.again(self._known.as_driven(self._runner.stands), lost.since)
        except PlatformError as error:
            neither = watching_only(lost.since, lost.reason, _unseen(error))
            return replace(self._later(neither), journal_lost=lost)
        with lap(self._clock, "decide"):
            judgement = judge(snapshot, policy)
            decided = plan(snapshot, judgement, policy, self._rules)
        self._known.watched(snapshot, judgement.memory)
        sentence = watching_only(lost.since, lost.reason, sentence_of(snapshot, judgement, decided, (), self._broken))
        return Tick(
            self.fleet,
            sentence,
            decided.next_look_at,
            failed=self._failed,
            held_in_flight=_all_paused(snapshot.open_replacements),
            breaker_open=bool(snapshot.breakers),
            counts=_counts(judgement),
            seen=snapshot,
            record=_record(snapshot, judgement, sentence, explain(snapshot, judgement, decided, policy)),
            journal_lost=lost,
        )

    async def _look_and_act(self) -> Tick:
        policy, token = self._site.policy, self._tenure.lease().token
        with lap(self._clock, "observe"):
            snapshot = self._known.completed(await self._site.observer.snapshot(), token)
        with lap(self._clock, "decide"):
            judgement = judge(snapshot, policy)
            self._known.keep(snapshot, judgement.memory, token)
            snapshot = await self._breakers(snapshot, judgement)
            decided = plan(snapshot, judgement, policy, self._rules)
            snapshot, decided, proposed = self._propose(snapshot, judgement, decided)
        accepted = await self._accept(snapshot, decided)
        opened = (*snapshot.open_replacements, *accepted)
        self._known.keep(replace(snapshot, open_replacements=opened), judgement.memory, token)
        if accepted:
            await self._drive_open()
        with lap(self._clock, "upkeep"):
            tended = await self._caretaker.tend(self._site)
        sentence = sentence_of(snapshot, judgement, decided, accepted, {**self._broken, **self._runner.waiting_for})
        sentence = "; ".join((sentence, *tended))
        report = explain(snapshot, judgement, decided, policy)
        record = replace(
            _record(snapshot, judgement, sentence, report),
            refusals=refusals(snapshot, decided, report),
            proposed=proposed,
            withdrawn=withdrawn(snapshot, judgement, policy),
        )
        with lap(self._clock, "record"):
            await self._journal.record_tick(record, self._tenure.lease())
        return Tick(
            self.fleet,
            sentence,
            decided.next_look_at,
            settled=decided.settled and not accepted,
            failed=self._failed,
            held_in_flight=_all_paused(snapshot.open_replacements),
            breaker_open=bool(snapshot.breakers),
            counts=_counts(judgement),
            seen=snapshot,
            record=record,
        )

    async def _breakers(self, snapshot: Snapshot, judgement: Judgement) -> Snapshot:
        """Journal what this look opens and closes; the plan is made with it."""
        found = changes(snapshot, judgement, self._site.policy)
        for breaker in found.opened:
            await self._journal.open_breaker(breaker, self._tenure.lease())
        for breaker, proof in found.closed:
            await self._journal.close_breaker(breaker, proof, snapshot.now, self._tenure.lease())
        return found.applied(snapshot)

    def _propose(
        self, snapshot: Snapshot, judgement: Judgement, decided: Plan
    ) -> tuple[Snapshot, Plan, tuple[Request, ...]]:
        """What a person is asked about from now on, and the plan again, so that its words name it."""
        proposed = tuple(proposal(one, snapshot, self._clock.new_id("r")) for one in to_propose(decided, snapshot))
        if not proposed:
            return snapshot, decided, ()
        asked = replace(snapshot, requests=(*snapshot.requests, *proposed))
        return asked, plan(asked, judgement, self._site.policy, self._rules), proposed

    async def _accept(self, snapshot: Snapshot, decided: Plan) -> list[Replacement]:
        """The plan is advice; the accepting transaction decides."""
        policy, accepted = self._site.policy, []
        for candidate in decided.starts:
            request = approved(candidate, policy)
            event = acceptance(candidate, snapshot, policy, request.id if request else self._clock.new_id("r"))
            answer = await self._journal.accept(event, self._tenure.require(), budget(snapshot, policy))
            if isinstance(answer, Replacement):
                accepted.append(answer)
        return accepted

    async def _drive_open(self) -> None:
        """A task for every open replacement that has none; those with a call in doubt come first."""
        waiting = await self._journal.open_replacements(self.fleet)
        for replacement in sorted(waiting, key=lambda item: (item.in_doubt is None, item.accepted_at)):
            task = self._driving.get(replacement.id)
            if task is None:
                task = asyncio.create_task(self._runner.drive(replacement), name=f"drive {replacement.id}")
                self._driving[replacement.id] = task
                task.add_done_callback(partial(self._ended, replacement.id))

    def _ended(self, replacement_id: str, task: asyncio.Task[Replacement]) -> None:
        self._driving.pop(replacement_id, None)
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            self._broken.pop(replacement_id, None)
            self._failed += task.result().outcome is Outcome.FAILED
            self._wake()
            return
        self._broken[replacement_id] = f"stopped: {error}"
        if not isinstance(error, LeaseLost):  # no fault of the program: whoever has the lease goes on with it
            about = {"message": f"driving {replacement_id} broke", "exception": error, "task": task}
            task.get_loop().call_exception_handler(about)

    def _listen(self) -> None:
        """Be told of changes by the platform of the present policy, and by no other."""
        if self._listens_to is not self._site.platform:
            self._turn_away()
            self._listens_to = self._site.platform
            self._end_listening = self._site.platform.on_change(self._nudge)

    def _turn_away(self) -> None:
        """Listen to nobody any more; asked twice, it is so already."""
        end, self._end_listening, self._listens_to = self._end_listening, lambda: None, None
        end()

    async def _end_keeping(self) -> None:
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.wait((self._keeping,))
            self._keeping = None

    def _keep_lease(self) -> None:
        if self._keeping is None or self._keeping.done():
            self._keeping = asyncio.create_task(self._tenure.keep(), name=f"lease {self.fleet}")

    async def _stand_by(self) -> Tick:
        self._known.forget()
        for task in self._driving.values():
            task.cancel()
        holder = await self._journal.holder(self.fleet)
        now = self._clock.now()
        soon = now + timedelta(seconds=self._site.policy.tick_seconds)
        who = "nobody acts yet, and another daemon is first to take it"
        if holder is not None and holder.expires_at > now:
            soon = min(holder.expires_at, soon)
            who = f"{holder.owner} acts until {isoformat(holder.expires_at)}"
        return Tick(
            self.fleet, f"standing by: {who}", max(soon, now + timedelta(seconds=1)), standby=True, looked=False
        )

    def _later(self, why: str) -> Tick:
        next_look_at = self._clock.now() + timedelta(seconds=self._site.policy.tick_seconds)
        return Tick(self.fleet, why, next_look_at, failed=self._failed, looked=False)


def _unseen(error: PlatformError) -> str:
    return f"cannot see the fleet: {error}"


def _record(snapshot: Snapshot, judgement: Judgement, sentence: str, report: Mapping[str, Any]) -> TickRecord:
    return TickRecord(snapshot.fleet, snapshot.now, sentence, judgement.memory, report)


def _counts(judgement: Judgement) -> Counter[str]:
    return Counter(verdict.kind.value for verdict in judgement.verdicts.values())


def _all_paused(opened: Sequence[Replacement]) -> bool:
    return bool(opened) and all(item.paused_at is not None for item in opened)
