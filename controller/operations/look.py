"""`get`: what the daemon last saw and did, from the journal."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from controller.decide.explain import isoformat, request_json
from controller.domain.model import Breaker, Hold
from controller.domain.policy import Policy
from controller.domain.ports import Clock, Journal, Lease, Presence, TickRecord
from controller.domain.replacement import Replacement


async def fleets(
    journal: Journal, clock: Clock, configured: Mapping[str, Policy], configuration: Mapping[str, Any]
) -> dict[str, Any]:
    """The document of `repave get fleets --json`. What no daemon has seen yet is null.

    configuration: what is said of it (documents.Configuration).
    """
    now = clock.now()
    records = {record.fleet: record for record in await journal.reports()}
    holds = await journal.holds(now)
    rows = []
    for name, policy in configured.items():
        lease = await journal.holder(name)
        rows.append(
            {
                "name": name,
                "platform": policy.platform,
                "mode": policy.mode.value,
                **_seen(records.get(name)),
                "holds": [hold_json(hold) for hold in holds if hold.scope in ("all", f"fleet:{name}")],
                "breakers": [_breaker(breaker) for breaker in await journal.breakers(name)],
                "lease": _lease(lease, lease is not None and lease.expires_at > now),
                "open_replacements": [item.id for item in await journal.open_replacements(name)],
            }
        )
    daemons = [_daemon(one, rows) for one in await journal.present(now)]
    return {"generated_at": isoformat(now), "config": dict(configuration), "fleets": rows, "daemons": daemons}


async def instances(journal: Journal, clock: Clock, configured: Mapping[str, Policy]) -> dict[str, Any]:
    """The document of `repave get instances --json`: as each fleet's last tick saw them."""
    rows = [
        {"fleet": record.fleet, "observed_at": isoformat(record.at), **instance}
        for record in await journal.reports()
        if record.fleet in configured
        for instance in record.report["instances"]
    ]
    return {"generated_at": isoformat(clock.now()), "instances": rows}


async def replacements(
    journal: Journal, clock: Clock, trace_id_of: Callable[[str], str], limit: int = 50
) -> dict[str, Any]:
    """The document of `repave get replacements --json`: the newest first; and what waits to become one."""
    now = clock.now()
    rows = [replacement_json(item, trace_id_of(item.id)) for item in await journal.replacements(limit)]
    asked = [request_json(item, now) for item in await journal.requests(now)]
    return {"generated_at": isoformat(now), "requests": asked, "replacements": rows}


async def requests(journal: Journal, clock: Clock, limit: int = 50) -> dict[str, Any]:
    """The document of `repave get requests --json`: what stands and what has ended, the newest first."""
    now = clock.now()
    rows = [request_json(item, now) for item in await journal.all_requests(limit)]
    return {"generated_at": isoformat(now), "requests": rows}


def replacement_json(item: Replacement, trace_id: str) -> dict[str, Any]:
    """One replacement. `seconds`: from acceptance to its end; null while it is open."""
    failure = item.failure or {}
    return {
        "id": item.id,
        "fleet": item.fleet,
        "group": item.group,
        "zone": item.zone,
        "predecessor": item.predecessor,
        "successor": item.successor,
        "verdict": item.facts.get("verdict"),
        "causes": list(item.causes),
        "phase": item.phase.value,
        "outcome": item.outcome.value if item.outcome else None,
        "verification": item.verification,
        "failure": {"reason": failure.get("reason"), "error_type": failure.get("error_type")} if failure else None,
        "paused": item.paused_at is not None,
        "accepted_at": isoformat(item.accepted_at),
        "phase_since": isoformat(item.phase_since),
        "closed_at": isoformat(item.closed_at),
        "seconds": round((item.closed_at - item.accepted_at).total_seconds(), 3) if item.closed_at else None,
        "policy_hash": item.policy_hash,
        "trace_id": trace_id,
    }


def hold_json(hold: Hold) -> dict[str, Any]:
    """One hold."""
    return {
        "scope": hold.scope,
        "reason": hold.reason,
        "by": hold.by,
        "created_at": isoformat(hold.created_at),
        "expires_at": isoformat(hold.expires_at),
        "sentence": hold.sentence(),
    }


def _seen(record: TickRecord | None) -> dict[str, Any]:
    if record is None:
        return {"sentence": None, "observed_at": None, "next_look_at": None, "settled": None} | {
            "instances": None,
            "verdicts": None,
        }
    members = record.report["instances"]
    return {
        "sentence": record.sentence,
        "observed_at": isoformat(record.at),
        "next_look_at": record.report["next_look_at"],
        "settled": record.report["settled"],
        "instances": len(members),
        "verdicts": dict(sorted(Counter(item["verdict"] for item in members).items())),
    }


def _breaker(breaker: Breaker) -> dict[str, Any]:
    return {"cause": breaker.cause, "reason": breaker.reason, "opened_at": isoformat(breaker.opened_at)}


def _daemon(one: Presence, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One daemon, and which of these fleets it acts on."""
    leases = [(row["name"], row["lease"]) for row in rows if row["lease"] and row["lease"]["valid"]]
    acts_on = [name for name, lease in leases if lease["owner"] == one.owner]
    return {"owner": one.owner, "since": isoformat(one.since), "acts_on": acts_on}


def _lease(lease: Lease | None, valid: bool) -> dict[str, Any] | None:
    """Who acts. `valid`: whether it has not run out."""
    if lease is None:
        return None
    return {"owner": lease.owner, "token": lease.token, "expires_at": isoformat(lease.expires_at), "valid": valid}
