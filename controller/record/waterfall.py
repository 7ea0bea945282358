"""The trace of a replacement as a waterfall for the terminal: plain text, as wide as it is told, from the same spans
that are sent. It needs no backend: the journal has everything.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from rich.cells import cell_len, set_cell_size

from controller.domain.replacement import Event
from controller.record import names
from controller.record.document import in_order, status_of
from controller.record.spans import Span
from controller.record.story import story
from controller.record.words import duration

LEAST_BAR = 12
DURATION_CELLS = 8
MOST_NAME_CELLS = 44
MARKS = {"ok": " ", "error": "✗", "open": "…"}


class Style(StrEnum):
    """How a line may be coloured by whoever prints it; the text says the same without colours."""

    HEADING = "heading"
    OK = "ok"
    ERROR = "error"
    OPEN = "open"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Row:
    """One bar. depth: 0 for a root. end_at: None while it is open. status: ok, error or open.

    notes: sentences to be read below it: what a root is about, the error or reason, then what happened.
    """

    name: str
    start_at: datetime
    end_at: datetime | None
    depth: int
    status: str
    notes: tuple[str, ...]
    trace_id: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text, not wider than was asked, and how it may be coloured."""

    text: str
    style: Style


def rows(events: Sequence[Event]) -> list[Row]:
    """The bars of one replacement, in reading order; none for an empty story."""
    return [_row(depth, span) for depth, span in in_order(story(events))]


def waterfall(events: Sequence[Event], now: datetime, width: int) -> list[Line]:
    """The whole picture, `width` cells wide (at least 40). What is open is drawn up to `now`."""
    drawn = rows(events)
    if not drawn:
        return []
    chart = _Chart(drawn, now, max(width, 40))
    lines: list[Line] = []
    for row in drawn:
        if row.depth == 0:
            lines.append(chart.heading(row))
        lines += chart.lines(row)
    return lines


def _row(depth: int, span: Span) -> Row:
    reason = span.error or str(span.attributes.get(names.REASON, ""))
    said = [*_about(span), reason, *(note.text for note in span.notes)]
    notes = tuple(_printable(text) for text in said if text)
    looks = span.attributes.get(names.POLLS)
    name = _printable(f"{span.name} ({looks} looks)" if looks else span.name)
    return Row(name, span.start_at, span.end_at, depth, status_of(span), notes, span.trace_id)


def _about(span: Span) -> list[str]:
    """What a root says of its replacement: who gives way to whom and why, how it ended, what is left."""
    if span.parent_id is not None:
        return []
    about = span.attributes
    who = f"{about.get(names.PREDECESSOR_ID)} ({about.get(names.VERDICT)}: {about.get(names.RULE)})"
    if names.SUCCESSOR_ID in about:
        who += f" -> {about[names.SUCCESSOR_ID]}"
    end = about.get(names.OUTCOME, "continued below" if span.end_at else "under way")
    left = about.get(names.LEFT_BEHIND)
    told = [who, end, about.get(names.VERIFICATION), f"left behind: {left}" if left else None]
    return [", ".join(str(part) for part in told if part)]


def _printable(text: str) -> str:
    """Text from telemetry must not move the cursor or change colours: what does not print becomes a question mark."""
    return "".join(character if character.isprintable() else "?" for character in " ".join(text.split()))


class _Chart:
    """The geometry: a column of names, one of durations, and the time line in the rest."""

    def __init__(self, drawn: Sequence[Row], now: datetime, width: int) -> None:
        self._now = now
        self._width = width
        self._from = min(row.start_at for row in drawn)
        self._seconds = max((self._end(row) - self._from).total_seconds() for row in drawn)
        names = max(cell_len(self._label(row)) for row in drawn)
        self._name_cells = min(names, MOST_NAME_CELLS, width - DURATION_CELLS - 4 - LEAST_BAR)
        self._bar_cells = width - self._name_cells - DURATION_CELLS - 4

    def heading(self, row: Row) -> Line:
        """What stands above each trace."""
        return Line(_fitted(f"trace {row.trace_id}", self._width).rstrip(), Style.HEADING)

    def lines(self, row: Row) -> list[Line]:
        took = duration((self._end(row) - row.start_at).total_seconds())
        name = _fitted(self._label(row), self._name_cells)
        text = f"{name}  {took:>{DURATION_CELLS}}{MARKS[row.status]} {self._bar(row)}"
        notes = [self._note(row, note) for note in row.notes]
        return [Line(text.rstrip(), Style(row.status)), *notes]

    def _label(self, row: Row) -> str:
        return "  " * row.depth + row.name

    def _note(self, row: Row, note: str) -> Line:
        text = "  " * (row.depth + 1) + note
        return Line(_fitted(text, self._width).rstrip(), Style.NOTE)

    def _bar(self, row: Row) -> str:
        begin = self._cell(row.start_at)
        length = max(1, self._cell(self._end(row)) - begin)
        begin = min(begin, self._bar_cells - length)
        zero = row.end_at == row.start_at
        bar = "▏" if zero else "█" * length
        return " " * begin + (bar[:-1] + "…" if row.end_at is None else bar)

    def _cell(self, at: datetime) -> int:
        share = (at - self._from).total_seconds() / self._seconds if self._seconds else 0.0
        return round(share * self._bar_cells)

    def _end(self, row: Row) -> datetime:
        return row.end_at or max(self._now, row.start_at)


def _fitted(text: str, cells: int) -> str:
    """Exactly so many cells: padded, or cut with an ellipsis."""
    return set_cell_size(text, cells) if cell_len(text) <= cells else set_cell_size(text, cells - 1) + "…"
