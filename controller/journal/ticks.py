"""What each tick leaves: memory for the next, a report for people, and a trace for each refusal that changed."""

from sqlalchemy import Connection, bindparam, delete, select

from controller.domain.memory import Memory
from controller.domain.ports import Lease, Projector, RefusalRecord, TickRecord
from controller.journal import outbox, requests, schema
from controller.journal.dialect import upsert
from controller.journal.lease import require
from controller.journal.logic.documents import memory_document, memory_of
from controller.journal.schema import refusals

REMEMBER = upsert(schema.memory)
REMEMBERED = select(schema.memory.c.document).where(schema.memory.c.fleet == bindparam("of"))
REPORT = upsert(schema.reports)
REFUSE = upsert(refusals)
REFUSED = select(refusals.c.instance_id, refusals.c.rules).where(refusals.c.fleet == bindparam("of"))
FORGET = delete(refusals).where(refusals.c.fleet == bindparam("of"), refusals.c.instance_id == bindparam("who"))


def record_tick(
    connection: Connection, projector: Projector | None, record: TickRecord, lease: Lease
) -> tuple[str, ...]:
    """Store one tick; returns the ids of the instances whose set of vetoes changed."""
    require(connection, lease, record.fleet, record.at)
    where = {"fleet": record.fleet}
    connection.execute(REMEMBER, {**where, "document": memory_document(record.memory)})
    connection.execute(REPORT, {**where, "at": record.at, "sentence": record.sentence, "report": record.report})
    requests.settle(connection, record.fleet, record.proposed, record.withdrawn, record.at)
    changed = _changed(connection, record)
    if changed:
        connection.execute(REFUSE, [_row(record, refusal) for refusal in changed])
    if projector:
        spans = [span for refusal in changed for span in projector.refusal(record.fleet, refusal, record.at)]
        outbox.put(connection, spans, record.at)
    return tuple(refusal.instance_id for refusal in changed)


def _row(record: TickRecord, refusal: RefusalRecord) -> dict[str, object]:
    what = {"rules": refusal.rules, "facts": refusal.facts, "since": record.at}
    return {"fleet": record.fleet, "instance_id": refusal.instance_id, **what}


def _changed(connection: Connection, record: TickRecord) -> list[RefusalRecord]:
    """Who is refused for other reasons than at the last tick. Who is refused no longer is forgotten."""
    rows = connection.execute(REFUSED, {"of": record.fleet})
    known = {row.instance_id: set(row.rules) for row in rows}
    gone = [{"of": record.fleet, "who": instance_id} for instance_id in known.keys() - record.refusals.keys()]
    if gone:
        connection.execute(FORGET, gone)
    return [now for now in record.refusals.values() if known.get(now.instance_id) != set(now.rules)]


def memory(connection: Connection, fleet: str) -> Memory:
    """What the last tick left; empty at first."""
    found = connection.execute(REMEMBERED, {"of": fleet}).scalar_one_or_none()
    return memory_of(found) if found else Memory()


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
