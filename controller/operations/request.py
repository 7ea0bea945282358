"""`approve`, `abort` and `replace`: a person's yes, a person's word to turn back, and a person's own wish.

They go into the journal; whichever daemon holds the fleet's lease obeys at its next look or before its next call.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from controller.domain.errors import Conflict
from controller.domain.policy import Mode, Policy
from controller.domain.ports import Clock, Journal
from controller.domain.replacement import Replacement
from controller.domain.request import REQUESTED, STANDS_FOR, Abort, Request, RequestKind
from controller.operations import named
from controller.operations.nearest import NotFound, not_found
from controller.operations.tell import reason_of

MOST_KNOWN = 1000
"""Ids that come into question for a mistyped one."""


@dataclass(frozen=True, slots=True)
class Turned:
    """What an abort came to. about: the request that ended at once, or the replacement that will be undone.

    sentence: that, for people.
    """

    about: Request | Replacement
    sentence: str


async def approve(journal: Journal, clock: Clock, request_id: str, by: str) -> Request:
    """Say yes to a proposal; it starts at the next look at which no other rule forbids it, within an hour.

    Raises NotFound, naming the nearest ids, and Conflict when it was approved before, or has ended.
    """
    try:
        return await journal.approve(request_id, by, clock.now())
    except KeyError:
        known = await journal.replacements(MOST_KNOWN)
        if any(item.id == request_id for item in known):
            raise Conflict(f"{request_id} is a replacement already, and needs no approval") from None
        waiting = [item.id for item in await journal.requests(clock.now()) if item.approved_at is None]
        raise not_found("proposal", request_id, waiting) from None


async def abort(journal: Journal, clock: Clock, replacement_id: str, by: str, reason: str = "") -> Turned:
    """Turn back: a proposal or a wish ends at once; an open replacement is undone before its next call, even under a
    hold.

    Raises NotFound, and Conflict when it has ended, was aborted before, or the termination was called already.
    """
    said = Abort(replacement_id, by, reason_of("an abort", reason, needed=False), clock.now())
    try:
        about = await journal.abort(said)
    except KeyError:
        known = [item.id for item in await journal.replacements(MOST_KNOWN)]
        known += [item.id for item in await journal.all_requests(MOST_KNOWN)]
        raise not_found("replacement", replacement_id, set(known)) from None
    if isinstance(about, Request):
        return Turned(about, f"{about.id} is off: {about.instance_id} of {about.fleet} stays")
    if about.undoing:
        return Turned(about, f"{about.id} is being undone already, and goes on whatever is held")
    return Turned(about, f"{about.id} will be undone before its next call: {about.predecessor} of {about.fleet} stays")


async def replace(
    journal: Journal, clock: Clock, instance_id: str, reason: str, by: str, fleets: Mapping[str, Policy]
) -> Request:
    """Ask for a replacement whatever the verdict is; limits, holds and protection still apply. instance_id: or a name
    of it, or the beginning of a container's.

    fleets: those of the configuration. Raises NotFound when no fleet's last look saw the instance, and Conflict when
    its fleet is only watched, it has an open replacement, or somebody asked before.
    """
    reason, now = reason_of("a replacement", reason), clock.now()
    instance_id, fleet, verdict = await _found(journal, instance_id, fleets)
    if fleets[fleet].mode is Mode.OBSERVE:
        raise Conflict(f"the mode of {fleet} is observe: Repave does not act on {instance_id}, whoever asks")
    wish = Request(
        id=clock.new_id("r"),
        fleet=fleet,
        instance_id=instance_id,
        kind=RequestKind.REQUESTED,
        verdict=verdict,
        causes=(REQUESTED,),
        by=by,
        reason=reason,
        created_at=now,
        expires_at=now + STANDS_FOR,
        approved_by=by,
        approved_at=now,
    )
    return await journal.ask(wish)


async def _found(journal: Journal, said: str, fleets: Mapping[str, Policy]) -> tuple[str, str, str]:
    """The instance's id, fleet and verdict, as of the last look."""
    records = [record for record in await journal.reports() if record.fleet in fleets]
    members = [instance for record in records for instance in record.report["instances"]]
    if not members:
        raise NotFound(f"no instance {said!r}: no daemon has seen a fleet yet")
    found = named.instance_id(said, members)
    for record in records:
        for instance in record.report["instances"]:
            if instance["id"] == found:
                return found, record.fleet, str(instance["verdict"])
    raise not_found("instance", said, named.known_by(members))
