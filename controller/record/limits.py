"""Cuts spans to what backends keep, and counts what was cut, so that nothing goes missing in silence.

New Relic's limits are the narrowest that were met: 4,095 characters to a value, 64 elements to an array, one megabyte
to a request.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from controller.record.spans import Note, Span

MOST_CHARACTERS = 4_095
MOST_ELEMENTS = 64
MOST_NOTES = 64
MOST_ATTRIBUTES = 120

NOTES_CUT = "repave.events.cut"
ATTRIBUTES_CUT = "repave.attributes.cut"

Scalar = str | bool | int | float
Value = Scalar | tuple[Scalar, ...]


def within_limits(span: Span) -> Span:
    """The span with bounded attributes and notes.

    `<name>.cut` counts the characters or elements that a value lost, `repave.events.cut` the notes that were left out.
    """
    notes = tuple(_bounded_note(note) for note in span.notes[:MOST_NOTES])
    lost = len(span.notes) - len(notes)
    attributes = {**span.attributes, NOTES_CUT: lost} if lost else span.attributes
    error = None if span.error is None else _text(span.error)[0]
    return replace(span, name=_text(span.name)[0], attributes=bounded(attributes), notes=notes, error=error)


def _bounded_note(note: Note) -> Note:
    return replace(note, attributes=bounded(note.attributes))


def bounded(attributes: Mapping[str, Any]) -> dict[str, Value]:
    """JSON values as span attributes, in the order of their names; None is left out."""
    kept: dict[str, Value] = {}
    for name in sorted(attributes)[:MOST_ATTRIBUTES]:
        value, cut = _bounded(attributes[name])
        if value is not None:
            kept[_clean(name)] = value
        if cut:
            kept[f"{_clean(name)}.cut"] = cut
    if len(attributes) > MOST_ATTRIBUTES:
        kept[ATTRIBUTES_CUT] = len(attributes) - MOST_ATTRIBUTES
    return dict(sorted(kept.items()))


def _bounded(value: Any) -> tuple[Value | None, int]:
    match value:
        case None:
            return None, 0
        case Sequence() if not isinstance(value, str | bytes):
            return _array(value)
        case _:
            return _scalar(value)


def _scalar(value: Any) -> tuple[Scalar, int]:
    match value:
        case bool() | int() | float():
            return _number(value), 0
        case str():
            return _text(value)
        case _:
            return _text(json.dumps(value, sort_keys=True, default=str, ensure_ascii=False))


def _number(value: float) -> Scalar:
    """Numbers as they are; what OTLP (64 bits) or JSON (no NaN) cannot carry becomes text."""
    fits = -(2**63) <= value < 2**63 if isinstance(value, int) else math.isfinite(value)
    return value if fits else str(value)


def _text(value: str) -> tuple[str, int]:
    text = _clean(value)
    if len(text) <= MOST_CHARACTERS:
        return text, 0
    kept = MOST_CHARACTERS - 1
    return text[:kept] + "…", len(text) - kept


def _array(values: Sequence[Any]) -> tuple[tuple[Scalar, ...], int]:
    """An array has elements of one kind: a mixed one becomes text."""
    kept = [_scalar(value)[0] for value in values[:MOST_ELEMENTS]]
    one_kind = len({type(value) for value in kept}) <= 1
    return tuple(kept if one_kind else (str(value) for value in kept)), len(values) - len(kept)


def _clean(text: str) -> str:
    """Text that UTF-8 can carry: a lone surrogate becomes a question mark."""
    return text.encode("utf-8", "replace").decode("utf-8")
