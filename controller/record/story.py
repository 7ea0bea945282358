"""The story of a replacement, told as spans: a fold over its events, and the only place that knows which span begins
and ends where. What is sent and what is drawn in the terminal are both taken from here.

A span's content is complete when the event that ends it is known, and later events never change it: a longer story
tells the same ended spans again, byte for byte.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from controller.domain.lifecycle import Kind, Outcome, Step
from controller.domain.replacement import Event
from controller.record import facts as read
from controller.record import names
from controller.record.drawing import ROOT, Drawing
from controller.record.kept import kept_notes, without_evidence
from controller.record.limits import within_limits
from controller.record.spans import Note, Span

UNDO = "undo"
"""The slot and name of the way back."""

OF_SUCCESSOR = frozenset({Step.LAUNCH, Step.AWAIT_READY, Step.VERIFY})
"""Steps that are about the successor; the others are about the predecessor."""


def story(events: Sequence[Event]) -> tuple[Span, ...]:
    """All spans of one replacement: those that ended, in the order of their end, then those still open.

    events: from `accepted` on, in order, without a gap; an empty sequence has no spans.
    """
    if not events:
        return ()
    teller = _Teller(events[0])
    for event in events[1:]:
        teller.tell(event)
    return tuple(within_limits(span) for span in teller.spans())


class _Teller:
    """Reads one event after the other and draws what it means."""

    def __init__(self, accepted: Event) -> None:
        self._facts = accepted.facts
        self._drawing = Drawing(accepted.replacement_id, str(self._facts.get("fleet", "")))
        self._attempts: Counter[str] = Counter()
        self._answered: dict[str, datetime] = {}
        self._idle_since = accepted.at
        self._successor: Any = None
        self._successor_facts: Mapping[str, Any] = {}
        self._failure: Mapping[str, Any] = {}
        self._accepted(accepted)

    def spans(self) -> Iterator[Span]:
        return self._drawing.spans()

    def tell(self, event: Event) -> None:
        tellers: dict[Kind, Callable[[Event], None]] = {
            Kind.STARTED: self._started,
            Kind.SUCCEEDED: self._succeeded,
            Kind.FAILED: self._failed,
            Kind.UNDONE: self._undone,
            Kind.CALLED: self._called,
            Kind.RETURNED: self._returned,
            Kind.PAUSED: self._stopped,
            Kind.RESUMED: self._stopped,
            Kind.CONTINUED: self._continued,
            Kind.CLOSED: self._closed,
        }
        if event.kind in tellers:
            tellers[event.kind](event)

    # --- the beginning and the end -----------------------------------------------------------------------------------

    def _accepted(self, event: Event) -> None:
        about = read.identity(self._facts)
        looked_at = read.time_of(self._facts, "observe_started_at", event.at)
        seen_at = read.time_of(self._facts, "observe_ended_at", event.at)
        judged_at = read.time_of(self._facts, "judge_ended_at", event.at)
        judged = {
            **{name: about[name] for name in (names.VERDICT, names.RULE, names.RULES, names.URGENT, names.MODE)},
            names.SERVING: self._facts.get("serving"),
            names.DESIRED: self._facts.get("desired"),
        }
        evidence = read.evidence_notes(self._facts, seen_at)
        self._drawing.begin(ROOT, f"replace {self._facts.get('fleet', '')}", event.at, about)
        self._drawing.whole("accepted", event, (event.at, event.at), about)
        self._drawing.whole("observe", event, (looked_at, seen_at), {}, notes=evidence)
        self._drawing.whole("judge", event, (seen_at, judged_at), judged)

    def _continued(self, event: Event) -> None:
        self._drawing.turn_over(event)
        self._idle_since = event.at
        self._drawing.whole("continued", event, (event.at, event.at), read.identity(self._facts))

    def _closed(self, event: Event) -> None:
        outcome = event.facts.get("outcome")
        failed = outcome == Outcome.FAILED
        reason = event.facts.get("reason") or self._failure.get("reason")
        left_behind = event.facts.get("left_behind") or None
        self._end_what_is_left(event, f"not finished, left behind: {left_behind}")
        about = {
            names.OUTCOME: outcome,
            names.REASON: reason,
            names.LEFT_BEHIND: left_behind,
            names.ERROR_TYPE: (self._failure.get("error_type") or names.OTHER_ERROR) if failed else None,
        }
        self._drawing.end(ROOT, event, about, str(reason or "failed") if failed else None)

    def _end_what_is_left(self, event: Event, reason: str) -> None:
        """A call nobody heard of again, and a way back that could not be finished."""
        for slot in reversed(self._drawing.open_slots()):
            if slot.startswith("call/"):
                self._answer(slot, event, {"outcome": "unknown"})
            elif slot != ROOT:
                self._drawing.end(slot, event, {names.ERROR_TYPE: "unfinished"}, reason)

    # --- steps -------------------------------------------------------------------------------------------------------

    def _started(self, event: Event) -> None:
        if event.step is None:
            return
        waited = _looks(event) > 1  # the looks before a step that had to wait belong to it
        self._begin_step(event.step, self._idle_since if waited else event.at)
        if waited:
            reason = event.facts.get("waited_for")
            about = {names.REASON: reason, names.POLLS: _looks(event)}
            self._note(Note("waited", event.at, about, f"waited for {reason}"))

    def _succeeded(self, event: Event) -> None:
        self._learn(event)
        self._idle_since = event.at
        if event.step and self._drawing.is_open(event.step):
            self._end_step(event.step, event)
        elif event.step:  # the platform replaced our newcomer by itself: its replacement is the successor now
            about = read.step_attributes(event.step, event.facts)
            self._note(Note("adopted", event.at, about, f"adopted {event.facts.get('successor')}"))

    def _failed(self, event: Event) -> None:
        self._learn(event)
        self._failure = event.facts
        if event.step:
            if not self._drawing.is_open(event.step):  # the look before a step is that step's failure
                self._begin_step(event.step, self._idle_since if _looks(event) > 1 else event.at)
            self._end_step(event.step, event, str(event.facts.get("reason") or "failed"))
        self._drawing.begin(UNDO, UNDO, event.at, {})

    def _undone(self, event: Event) -> None:
        reason = event.facts.get("reason")
        text = f"{event.step} undone: {reason}" if reason else f"{event.step} undone"
        self._note(Note("undone", event.at, read.step_attributes(str(event.step), event.facts), text))
        if event.step is Step.LAUNCH and self._drawing.is_open(UNDO):
            self._poll(UNDO, event)
            self._drawing.end(UNDO, event)

    def _begin_step(self, step: Step, at: datetime) -> None:
        self._attempts[step] += 1
        before = read.mapping(self._facts.get("predecessor_facts"))
        about = {} if step in OF_SUCCESSOR else read.whom(self._facts.get("predecessor"), before)
        self._drawing.begin(step, step.value, at, about, path=f"{step}/{self._attempts[step]}")

    def _end_step(self, step: Step, event: Event, error: str | None = None) -> None:
        self._poll(step, event)
        for note in read.step_notes(step, event.facts, event.at):
            self._drawing.note(step, note)
        about = read.step_attributes(step, event.facts)
        if step in OF_SUCCESSOR:
            before = read.mapping(self._facts.get("predecessor_facts"))
            about |= read.whom(self._successor, self._successor_facts, like=before)
        if error:
            about[names.ERROR_TYPE] = about[names.ERROR_TYPE] or names.OTHER_ERROR
        self._drawing.end(step, event, about, error)

    def _poll(self, slot: str, event: Event) -> None:
        """The waiting within a step, as one span: from its first call's answer (or its start) to its end. A step that
        was over at the first look has waited for nothing."""
        if _looks(event) < 2:
            return
        start_at = self._drawing.start_of(slot)
        start_at = max(start_at, self._answered.get(slot, start_at))
        path = f"{slot}/{self._attempts[slot]}/poll"
        times = (min(start_at, event.at), event.at)
        self._drawing.whole(path, event, times, {names.POLLS: _looks(event)}, name="poll", parent=slot)

    def _learn(self, event: Event) -> None:
        self._successor = event.facts.get("successor", self._successor)
        self._successor_facts = read.mapping(event.facts.get("successor_facts")) or self._successor_facts
        verification = event.facts.get("verification")
        self._drawing.add(ROOT, {names.SUCCESSOR_ID: self._successor, names.VERIFICATION: verification})

    # --- calls and stops ---------------------------------------------------------------------------------------------

    def _called(self, event: Event) -> None:
        call, ordinal = str(event.facts.get("call")), event.facts.get("ordinal")
        service, _, method = call.rpartition(".")
        scope = read.mapping(self._facts.get("scope"))
        about = {
            names.RPC_SYSTEM: names.AWS_API if scope.get(names.CLOUD_PROVIDER) == "aws" else None,
            names.RPC_SERVICE: service or None,
            names.RPC_METHOD: method,
            names.CLOUD_REGION: scope.get(names.CLOUD_REGION),
            names.CALL_ORDINAL: ordinal,
            names.CALL_ARGUMENTS: without_evidence(event.facts.get("arguments")),
        }
        caller = event.step or UNDO
        parent = caller if self._drawing.began(caller) else ROOT
        self._drawing.begin(f"call/{ordinal}", call, event.at, about, parent=parent, is_call=True)
        for note in kept_notes(event.facts.get("arguments"), event.at):
            self._drawing.note(f"call/{ordinal}", note)

    def _returned(self, event: Event) -> None:
        slot = f"call/{event.facts.get('ordinal')}"
        if self._drawing.is_open(slot):
            self._answer(slot, event, event.facts)
            self._answered.setdefault(event.step or UNDO, event.at)

    def _answer(self, slot: str, event: Event, answer: Mapping[str, Any]) -> None:
        outcome = str(answer.get("outcome"))
        about = {names.CALL_OUTCOME: outcome, names.CALL_RESULT: answer.get("result") or None}
        error = None
        if outcome != "ok":
            about[names.ERROR_TYPE] = answer.get("code") or (outcome if outcome == "unknown" else names.OTHER_ERROR)
            error = str(answer.get("error") or f"outcome {outcome}")
        self._drawing.end(slot, event, about, error)

    def _stopped(self, event: Event) -> None:
        reason = event.facts.get("reason")
        about = {names.REASON: reason, names.USER_NAME: read.person(event.facts)}
        self._note(Note(event.kind.value, event.at, about, f"{event.kind}: {reason}" if reason else event.kind.value))

    def _note(self, note: Note) -> None:
        """Upon the way back, else the step that is under way, else the whole."""
        slots = (UNDO, *Step, ROOT)
        self._drawing.note(next(slot for slot in slots if self._drawing.is_open(slot)), note)


def _looks(event: Event) -> int:
    """How often the step was looked at before this event ended it."""
    polls = event.facts.get("polls")
    return polls if isinstance(polls, int) else 0
