"""What each tick leaves: memory for the next, a report for people, and a trace for each refusal that changed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select

from controller.domain.model import Memory, Streak, StreakKind
from controller.domain.ports import Lease, Projector, RefusalRecord, TickRecord
from controller.journal import outbox, schema
from controller.journal.dialect import upsert
from controller.journal.lease import require
from controller.journal.schema import refusals


def record_tick(
    connection: Connection, projector: Projector | None, record: TickRecord, lease: Lease
) -> tuple[str, ...]:
    """Store one tick; returns the ids of the instances whose set of vetoes changed."""
    require(connection, lease, record.fleet, record.at)
    connection.execute(upsert(schema.memory, fleet=record.fleet, document=_document(record.memory)))
    connection.execute(
        upsert(schema.reports, fleet=record.fleet, at=record.at, sentence=record.sentence, report=record.report)
    )
    changed = _changed(connection, record)
    for instance_id in changed:
        refused = record.refusals[instance_id]
        row = {"rules": refused.rules, "facts": refused.facts, "since": record.at}
        connection.execute(upsert(refusals, fleet=record.fleet, instance_id=instance_id, **row))
        if projector:
            outbox.put(connection, projector.refusal(record.fleet, refused, record.at), record.at)
    return changed


def _changed(connection: Connection, record: TickRecord) -> tuple[str, ...]:
    """Who is refused for other reasons than at the last tick. Who is refused no longer is forgotten."""
    here = refusals.c.fleet == record.fleet
    known = {
        row.instance_id: set(row.rules)
        for row in connection.execute(select(refusals.c.instance_id, refusals.c.rules).where(here))
    }
    for instance_id in known.keys() - record.refusals.keys():
        connection.execute(delete(refusals).where(here, refusals.c.instance_id == instance_id))
    return tuple(
        instance_id for instance_id, now in record.refusals.items() if known.get(instance_id) != set(now.rules)
    )


def memory(connection: Connection, fleet: str) -> Memory:
    """What the last tick left; empty at first."""
    query = select(schema.memory.c.document).where(schema.memory.c.fleet == fleet)
    found = connection.execute(query).scalar_one_or_none()
    return _memory(found) if found else Memory()


def reports(connection: Connection) -> tuple[TickRecord, ...]:
    """The newest record of every fleet, by fleet name. Memory is left empty; the facts of a refusal are of the tick at
    which its vetoes last changed."""
    refused: dict[str, dict[str, RefusalRecord]] = {}
    for row in connection.execute(select(refusals).order_by(refusals.c.fleet, refusals.c.instance_id)):
        record = RefusalRecord(row.instance_id, tuple(row.rules), row.facts)
        refused.setdefault(row.fleet, {})[row.instance_id] = record
    rows = connection.execute(select(schema.reports).order_by(schema.reports.c.fleet))
    return tuple(
        TickRecord(row.fleet, row.at, row.sentence, Memory(), row.report, refused.get(row.fleet, {})) for row in rows
    )


def _document(left: Memory) -> dict[str, Any]:
    streaks = [
        [instance_id, condition, streak.kind, streak.since.isoformat(), streak.last_at.isoformat(), streak.points]
        for (instance_id, condition), streak in left.streaks.items()
    ]
    written_at = left.written_at.isoformat() if left.written_at else None
    return {"streaks": streaks, "written_at": written_at, "desired_before_trouble": left.desired_before_trouble}


def _memory(document: Mapping[str, Any]) -> Memory:
    streaks = {
        (instance_id, condition): Streak(StreakKind(kind), _moment(since), _moment(last_at), points)
        for instance_id, condition, kind, since, last_at, points in document["streaks"]
    }
    written_at = _moment(document["written_at"]) if document["written_at"] else None
    return Memory(streaks, written_at, document["desired_before_trouble"])


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
