"""What the journal remembers of each fleet's last look: `plan`, `why` and the holds, without asking anybody outside.

A browser that reloads every second must not make the daemon ask the platform every second.
"""

from collections.abc import Callable, Mapping
from typing import Any

from controller.decide.explain import isoformat
from controller.domain.policy import Policy
from controller.domain.ports import Clock, Journal
from controller.domain.replacement import fold
from controller.operations import named
from controller.operations.ask import instance_of
from controller.operations.look import hold_json, replacement_json
from controller.operations.nearest import not_found

NOBODY_SAW = "no daemon has seen it yet"
MOST_KNOWN = 200
"""Replacements among which the nearest is looked for; each is folded from all its events."""


async def plan(
    journal: Journal, clock: Clock, configured: Mapping[str, Policy], mode: str, fleet: str | None = None
) -> dict[str, Any]:
    """The document of `plan --json` as each fleet's last look left it, for one fleet or all.

    Raises NotFound for an unknown fleet.
    """
    if fleet is not None and fleet not in configured:
        raise not_found("fleet", fleet, configured)
    records = {record.fleet: record for record in await journal.reports()}
    wanted = [name for name in configured if fleet in (None, name)]
    return {
        "generated_at": isoformat(clock.now()),
        "mode": mode,
        "fleets": [dict(records[name].report) for name in wanted if name in records],
        "errors": [{"fleet": name, "error": NOBODY_SAW} for name in wanted if name not in records],
    }


async def why(
    journal: Journal, clock: Clock, configured: Mapping[str, Policy], mode: str, instance_id: str
) -> dict[str, Any]:
    """The document of `why --json`, as of the last look. Raises NotFound."""
    document = await plan(journal, clock, configured, mode)
    known = [item for fleet in document["fleets"] for item in fleet["instances"]]
    found = named.instance_id(instance_id, known)
    if all(item["id"] != found for item in known):
        raise not_found("instance", instance_id, named.known_by(known))
    return instance_of(document, found)


async def replacement(journal: Journal, replacement_id: str, trace_id_of: Callable[[str], str]) -> dict[str, Any]:
    """One replacement as in `get replacements --json`. Raises NotFound."""
    events = await journal.events(replacement_id)
    if not events:
        known = [item.id for item in await journal.replacements(MOST_KNOWN)]
        raise not_found("replacement", replacement_id, known)
    return replacement_json(fold(events), trace_id_of(replacement_id))


async def holds(journal: Journal, clock: Clock) -> dict[str, Any]:
    """The stops in force, the oldest first."""
    now = clock.now()
    return {"generated_at": isoformat(now), "holds": [hold_json(item) for item in await journal.holds(now)]}
