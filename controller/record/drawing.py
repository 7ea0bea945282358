"""The board on which a story is drawn: spans are begun, noted upon and ended in named slots, trace after trace."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from controller.domain.replacement import Event
from controller.record import names
from controller.record.ids import span_id_of, trace_id_of
from controller.record.spans import Note, Span

ROOT = "root"
"""The slot of the span that all others hang under."""


class Drawing:
    """The spans of one replacement so far.

    A slot is the place of one span (`root`, `undo`, a step, a call); what began in a slot can be a parent for as long
    as its trace lasts, ended or not. fleet: goes onto every span, beside the replacement's id.
    """

    def __init__(self, replacement_id: str, fleet: str) -> None:
        self._replacement_id = replacement_id
        self._fleet = fleet
        self._segment = 1
        self._open: dict[str, Span] = {}
        self._parents: dict[str, str] = {}
        self._begun: dict[str, str] = {}
        self._ended: list[Span] = []

    def spans(self) -> Iterator[Span]:
        """What ended, in that order, then what is open."""
        yield from self._ended
        yield from self._open.values()

    def open_slots(self) -> tuple[str, ...]:
        """The open slots, in the order in which they were begun."""
        return tuple(self._open)

    def is_open(self, slot: str) -> bool:
        """Whether a span in this slot has begun and not ended."""
        return slot in self._open

    def began(self, slot: str) -> bool:
        """Whether this trace has, or will have, a span in this slot."""
        return slot in self._begun

    def start_of(self, slot: str) -> datetime:
        """When the open span in this slot began, in this trace."""
        return self._open[slot].start_at

    def begin(
        self,
        slot: str,
        name: str,
        at: datetime,
        about: Mapping[str, Any],
        *,
        path: str = "",
        parent: str = ROOT,
        is_call: bool = False,
    ) -> None:
        """Open a span. path: what its id is derived from within its trace; by default the slot."""
        span = self._span(path or slot, name, at, about, None if slot == ROOT else parent)
        self._open[slot] = replace(span, is_call=is_call)
        self._begun[slot] = span.span_id
        self._parents[slot] = parent

    def note(self, slot: str, note: Note) -> None:
        """Write something upon an open span."""
        span = self._open[slot]
        self._open[slot] = replace(span, notes=(*span.notes, note))

    def add(self, slot: str, about: Mapping[str, Any]) -> None:
        """Add attributes to an open span; what is None changes nothing."""
        span = self._open[slot]
        found = {name: value for name, value in about.items() if value is not None}
        self._open[slot] = replace(span, attributes={**span.attributes, **found})

    def end(self, slot: str, event: Event, about: Mapping[str, Any] | None = None, error: str | None = None) -> None:
        """End what is open in this slot, with `about` added to its attributes."""
        self.add(slot, about or {})
        span = self._open.pop(slot)
        end_at = max(span.start_at, event.at)
        self._ended.append(replace(span, end_at=end_at, error=error, ended_by=event.ordinal))

    def whole(
        self,
        path: str,
        event: Event,
        times: tuple[datetime, datetime],
        about: Mapping[str, Any],
        *,
        name: str = "",
        notes: tuple[Note, ...] = (),
        parent: str = ROOT,
    ) -> None:
        """Draw a span whose beginning and end are both known, below the slot `parent`."""
        span = self._span(path, name or path, times[0], about, parent)
        self._ended.append(replace(span, end_at=max(times), notes=notes, ended_by=event.ordinal))

    def turn_over(self, event: Event) -> None:
        """End the trace and go on in the next: what is open ends here and is open again there, its start clipped and
        its true start told; the new root links back. An open call ends only once, in the trace that sees its answer.
        """
        before, parents, prefix = dict(self._open), dict(self._parents), self._key("")
        for slot in reversed(before):
            if not before[slot].is_call:
                self.end(slot, event, {names.CONTINUED: True})
        self._segment += 1
        self._open, self._begun, self._parents = {}, {}, {}
        for slot, span in before.items():
            started_at = span.attributes.get(names.STARTED_AT, span.start_at.isoformat())
            attributes = {**span.attributes, names.STARTED_AT: started_at}
            parent = parents[slot] if parents[slot] in before else ROOT
            path = span.key.removeprefix(prefix)
            self.begin(slot, span.name, event.at, attributes, path=path, parent=parent, is_call=span.is_call)
        root = before[ROOT]
        self._open[ROOT] = replace(self._open[ROOT], continues=(root.trace_id, root.span_id))

    def _span(self, path: str, name: str, at: datetime, about: Mapping[str, Any], parent: str | None) -> Span:
        key = self._key(path)
        ours = {names.REPLACEMENT_ID: self._replacement_id, names.FLEET: self._fleet}
        segment = {names.SEGMENT: self._segment} if self._segment > 1 else {}
        return Span(
            key=key,
            trace_id=trace_id_of(self._replacement_id, self._segment),
            span_id=span_id_of(key),
            parent_id=self._begun[parent] if parent else None,
            name=name,
            start_at=at,
            attributes={**about, **ours, **segment},
        )

    def _key(self, path: str) -> str:
        return f"{self._replacement_id}/{self._segment}/{path}"
