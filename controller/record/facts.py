"""From the facts of events, which are JSON, to attributes and notes. Whatever is absent or odd is left out, because a
trace that cannot be drawn must never stop a replacement.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from controller.record import names
from controller.record.spans import Note
from controller.record.words import evidence_text, measured, side_text

DAEMON = "repave"
"""What `by` says when no person asked."""


def time_of(facts: Mapping[str, Any], key: str, otherwise: datetime) -> datetime:
    """A time from its ISO 8601 text; `otherwise` when it is absent, cannot be read, or lies before 1970, where OTLP's
    times begin.
    """
    try:
        at = datetime.fromisoformat(facts[key])
        at = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (KeyError, TypeError, ValueError, OverflowError):
        return otherwise
    return at if at.year >= 1970 else otherwise


def mapping(value: Any) -> Mapping[str, Any]:
    """The value, if it is an object; else an empty one."""
    return value if isinstance(value, Mapping) else {}


def listed(value: Any) -> Sequence[Any]:
    """The value, if it is an array; else an empty one."""
    return value if isinstance(value, Sequence) and not isinstance(value, str) else ()


def person(facts: Mapping[str, Any]) -> str | None:
    """Who asked, when it was a person."""
    by = facts.get("by")
    return str(by) if by and by != DAEMON else None


def identity(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What a replacement is about: the attributes of its root and of everything a live backend sees first."""
    before = mapping(facts.get("predecessor_facts"))
    causes = [str(cause) for cause in listed(facts.get("causes"))]
    asked = mapping(facts.get("request"))
    return {
        **_standard({key: before[key] for key in before if key not in ("zone", "image_id")}, "repave.predecessor."),
        **_standard(mapping(facts.get("scope")), "repave.scope."),
        **place(facts.get("predecessor"), facts.get("zone"), before),
        names.PREDECESSOR_ID: facts.get("predecessor"),
        names.PLATFORM: facts.get("platform"),
        names.GROUP: facts.get("group"),
        names.MODE: facts.get("mode"),
        names.POLICY_HASH: facts.get("policy_hash"),
        names.CONFIG_HASH: facts.get("config_hash"),
        names.CONFIG_VERSION: facts.get("config_version"),
        names.REQUEST_ID: asked.get("id"),
        names.REQUEST_REASON: asked.get("reason") or None,
        names.RULE: causes[0] if causes else None,
        names.RULES: causes if len(causes) > 1 else None,
        names.URGENT: facts.get("urgent"),
        names.USER_NAME: person(facts),
        names.VERDICT: facts.get("verdict"),
    }


def place(instance_id: Any, zone: Any, known: Mapping[str, Any]) -> dict[str, Any]:
    """An instance under the conventions' names: a host in a zone of its cloud, or a container. known: its facts."""
    if is_container(known):
        return whom(instance_id, known)
    return {
        names.CLOUD_AVAILABILITY_ZONE: zone,
        names.HOST_ID: instance_id,
        names.HOST_IMAGE_ID: known.get("image_id"),
    }


def whom(instance_id: Any, known: Mapping[str, Any], like: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Just which one it is. like: the facts of one of its kind, where of itself nothing is known."""
    if is_container(known if like is None else like):
        return {names.CONTAINER_ID: known.get(names.CONTAINER_ID) or instance_id}
    return {names.HOST_ID: instance_id}


def is_container(known: Mapping[str, Any]) -> bool:
    """Whether these are the facts of a container."""
    return names.CONTAINER_ID in known


def _standard(attributes: Mapping[str, Any], otherwise: str) -> dict[str, Any]:
    """Attributes under their standard names where they have one, else under a prefix of ours."""
    return {name if name.startswith(names.STANDARD) else f"{otherwise}{name}": attributes[name] for name in attributes}


def evidence_notes(facts: Mapping[str, Any], at: datetime) -> tuple[Note, ...]:
    """One note per condition: what was asked, what it said, and against which threshold."""
    return tuple(_evidence_note(mapping(item), at) for item in listed(facts.get("evidence")))


def _evidence_note(item: Mapping[str, Any], at: datetime) -> Note:
    named = {"rule": names.RULE, "probe": names.PROBE, "cause": names.CAUSE}
    attributes = {named.get(key, f"repave.evidence.{key}"): item[key] for key in item if item[key] not in ("", [])}
    return Note("evidence", at, attributes, evidence_text(item))


def veto_notes(facts: Mapping[str, Any], at: datetime) -> tuple[Note, ...]:
    """One note per veto: the rule, its reason, who has to move, and when time alone clears it."""
    return tuple(
        Note("veto", at, _prefixed("repave.veto.", veto), f"{veto.get('rule')}: {veto.get('reason')}")
        for veto in map(mapping, listed(facts.get("vetoes")))
    )


def step_attributes(step: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """What a step found out: the successor and the verification under their own names, the rest under the step's."""
    after = mapping(facts.get("successor_facts"))
    known = {"successor", "successor_facts", "verification", "polls", "reason", "error_type", "outcome", "by"}
    rest = {key: facts[key] for key in facts if key not in known and not _is_notes(facts[key])}
    return {
        **_prefixed(f"repave.{step}.", rest),
        **_standard(after, "repave.successor."),
        **place(facts.get("successor"), after.get("zone"), after),
        names.SUCCESSOR_ID: facts.get("successor"),
        names.VERIFICATION: facts.get("verification"),
        names.REASON: facts.get("reason"),
        names.OUTCOME: facts.get("outcome"),
        names.ERROR_TYPE: facts.get("error_type"),
        names.USER_NAME: person(facts),
    }


def step_notes(step: str, facts: Mapping[str, Any], at: datetime) -> tuple[Note, ...]:
    """A list of objects among a step's facts becomes one note for each: the sides of a verification under their own
    names, predecessor, successor and siblings."""
    return tuple(
        Note(str(item.get("side") or key.removesuffix("s")), at, _prefixed(f"repave.{step}.", item), _plain(item))
        for key in sorted(facts)
        if _is_notes(facts[key])
        for item in facts[key]
    )


def _is_notes(value: Any) -> bool:
    items = listed(value)
    return bool(items) and all(isinstance(item, Mapping) for item in items)


def _prefixed(prefix: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{prefix}{key}": facts[key] for key in facts}


def _plain(facts: Mapping[str, Any]) -> str:
    if "side" in facts:
        return side_text(facts)
    if "rule" in facts and "value" in facts:
        return f"{facts['rule']}: {measured(facts['value'], facts.get('unit'))}"
    return ", ".join(f"{key} {facts[key]}" for key in sorted(facts) if facts[key] not in (None, ""))
