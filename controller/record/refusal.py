"""A refusal as a trace: the root `hold <fleet>`, with every veto and every piece of evidence upon it."""

from datetime import UTC, datetime

from controller.domain.ports import RefusalRecord
from controller.record import facts as read
from controller.record import names
from controller.record.ids import refusal_trace_id_of, span_id_of
from controller.record.limits import within_limits
from controller.record.spans import Span


def refusal_span(fleet: str, record: RefusalRecord, at: datetime) -> Span:
    """One root span. It lasts from the look (`observe_started_at` among the facts, if it is there) to `at`, when the
    refusal was decided. Its ids come from fleet, instance, time and rules: the same refusal has the same ids.
    """
    moment = at.astimezone(UTC).isoformat()
    key = "/".join(("hold", fleet, record.instance_id, moment, *record.rules))
    facts = record.facts
    found = [item.get("rule") for item in map(read.mapping, read.listed(facts.get("evidence"))) if item.get("found")]
    about = {
        **read.identity({**facts, "causes": found}),
        **_place(record),
        names.FLEET: fleet,
        names.INSTANCE: record.instance_id,
        names.VETOES: list(record.rules),
    }
    span = Span(
        key=key,
        trace_id=refusal_trace_id_of(key),
        span_id=span_id_of(f"{key}/root"),
        parent_id=None,
        name=f"hold {fleet}",
        start_at=min(at, read.time_of(facts, "observe_started_at", at)),
        end_at=at,
        attributes=about,
        notes=(*read.veto_notes(facts, at), *read.evidence_notes(facts, at)),
    )
    return within_limits(span)


def _place(record: RefusalRecord) -> dict[str, object]:
    known = read.mapping(record.facts.get("predecessor_facts"))
    image = read.mapping(record.facts.get("image")).get("id")
    return read.place(record.instance_id, record.facts.get("zone"), {"image_id": image, **known})
