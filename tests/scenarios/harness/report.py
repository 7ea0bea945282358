"""The report of a story, as text that a person reads from top to bottom."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from controller.domain.ports import OpenedJournal
from controller.domain.replacement import Event, Replacement
from controller.record import names as known
from controller.record.document import SpanDocument, trace_document
from controller.settings import Config
from tests.scenarios.harness.case import Story
from tests.scenarios.harness.ledger import Line, veto_text
from tests.scenarios.harness.names import Names
from tests.scenarios.harness.outbox import refusals_sent

WIDTH = 132
NOT_IN_NOTES = ("query", "probe", "cause", "measured_at", "breached_for_seconds", "for_seconds", "unit")
IN_OUTLINE = (
    known.RULE,
    known.VERDICT,
    known.OUTCOME,
    known.VERIFICATION,
    known.REASON,
    known.CALL_OUTCOME,
    known.USER_NAME,
)


@dataclass(frozen=True, slots=True)
class Ending:
    """How everything stands at the end."""

    at: datetime
    fleets: Mapping[str, Mapping[str, Any]]
    replacements: Sequence[tuple[Replacement, Sequence[Event]]]
    breakers: Sequence[str]
    refusals: Sequence[str]

    @classmethod
    async def of(cls, journal: OpenedJournal, config: Config, now: datetime) -> "Ending":
        """Read it from the journal."""
        done = [(item, await journal.events(item.id)) for item in reversed(await journal.replacements(500))]
        breakers = [
            f"{fleet}: {item.cause} ({item.reason})"
            for fleet in config.fleets
            for item in await journal.breakers(fleet)
        ]
        reports = {record.fleet: record.report for record in await journal.reports()}
        return cls(now, reports, done, breakers, await refusals_sent(journal))


def report(story: Story, lines: Sequence[Line], ending: Ending, names: Names) -> str:
    """Everything, ids told as names."""
    told = sorted(lines, key=lambda line: round(line.seconds))
    parts = [textwrap.fill(story.story.strip(), WIDTH), "", *(_line(line) for line in told), ""]
    parts += [*_table(ending, story, names), "", *_replacements(ending, story)]
    if ending.breakers:
        parts += ["", "open breakers:", *(f"  {text}" for text in ending.breakers)]
    if ending.refusals:
        parts += ["", "refusals sent as traces:", *(f"  {text}" for text in ending.refusals)]
    return names.told("\n".join(part.rstrip() for part in parts) + "\n")


def clock_of(seconds: float) -> str:
    """Hours, minutes and seconds since the story began."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest:02d}"


def _line(line: Line) -> str:
    first, *more = line.text.split("\n")
    head = f"{clock_of(line.seconds)}  {line.who:<10}  "
    told = [_fill(first, head, " " * 24), *(_fill(text, " " * 24, " " * 26) for text in more)]
    return "\n".join(told)


def _fill(text: str, first: str, following: str) -> str:
    return textwrap.fill(text, WIDTH, initial_indent=first, subsequent_indent=following, break_on_hyphens=False)


def _table(ending: Ending, story: Story, names: Names) -> list[str]:
    lines = [f"at the end, {clock_of((ending.at - story.begins_at).total_seconds())}:"]
    for fleet, seen in ending.fleets.items():
        lines += [f"  fleet {fleet}, group {group['name']}: {group['desired']} desired" for group in seen["groups"]]
        for member in sorted(seen["instances"], key=lambda item: names.in_order(item["id"])):
            image = member["image"]["id"]
            lines.append(
                f"    {member['id']}  {member['zone']}  {member['state']}  {image}  {member['verdict']}  "
                f"{member['decision']}"
            )
            lines += [_wrapped(f"  {veto_text(veto)}") for veto in member["vetoes"]]
    return lines


def _replacements(ending: Ending, story: Story) -> list[str]:
    lines = ["replacements:" if ending.replacements else "replacements: none"]
    for item, events in ending.replacements:
        took = clock_of(((item.closed_at or ending.at) - item.accepted_at).total_seconds())
        outcome = str(item.outcome.value) if item.outcome else f"open, {item.phase}"
        verified = f", verification {item.verification}" if item.verification else ""
        lines.append(
            f"  {item.id}  {item.predecessor} -> {item.successor or 'nobody'}  outcome {outcome}{verified}, {took}, "
            f"for {', '.join(item.causes)}"
        )
        if item.failure:
            lines.append(_wrapped(f"{item.failure.get('error_type')}: {item.failure.get('reason')}"))
        if story.trace == "outline":
            lines += _outline(events, ending.at)
    return lines


def _outline(events: Sequence[Event], now: datetime) -> list[str]:
    """The trace's spans, each below its parent, with what they are about."""
    lines: list[str] = []
    depth: dict[str, int] = {}
    for span in trace_document(events, now).spans:
        depth[span.span_id] = depth.get(span.parent_span_id or "", -1) + 1
        indent = "  " * depth[span.span_id]
        lines.append(_wrapped(f"{indent}{span.name}  {span.duration_seconds:g}s{_attributes(span)}"))
        lines += [_wrapped(f"{indent}  . {_note(event.name, event.attributes)}") for event in span.events]
    return lines


def _wrapped(text: str) -> str:
    return _fill(text, " " * 6, " " * 16)


def _attributes(span: SpanDocument) -> str:
    told = [f"{key.rpartition('.')[2]}={span.attributes[key]}" for key in IN_OUTLINE if key in span.attributes]
    error = [f"error: {span.error}"] if span.error else []
    return f"  [{'; '.join((*told, *error))}]" if told or error else ""


def _note(name: str, attributes: Mapping[str, Any]) -> str:
    told = {key.rpartition(".")[2]: value for key, value in attributes.items()}
    return f"{name} {' '.join(f'{key}={_value(value)}' for key, value in told.items() if key not in NOT_IN_NOTES)}"


def _value(value: object) -> object:
    return round(value, 3) if isinstance(value, float) else value
