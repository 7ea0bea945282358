"""`hold` and `resume`: an operator's stop, and its end. They go into the journal, so every daemon on it obeys."""

from collections.abc import Collection
from datetime import timedelta

from controller.domain.errors import RepaveError
from controller.domain.model import Hold
from controller.domain.ports import Clock, Journal
from controller.operations import named
from controller.operations.nearest import not_found

ALL = "all"
OF_INSTANCE = "instance:"
LONGEST_REASON = 500


async def scope_of(journal: Journal, clock: Clock, target: str, fleets: Collection[str]) -> str:
    """The scope of `all`, of a configured fleet, or of an instance: one that a last look saw (or by a name that it
    told), that belongs to an open replacement, or that is held. Raises NotFound for anything else.
    """
    if target == ALL:
        return ALL
    if target in fleets:
        return f"fleet:{target}"
    members = [item for record in await journal.reports() for item in record.report["instances"]]
    known = {item["id"] for item in members}
    for replacement in await journal.open_replacements():
        known |= {replacement.predecessor, replacement.successor or replacement.predecessor}
    known |= {hold.scope.removeprefix(OF_INSTANCE) for hold in await journal.holds(clock.now())}
    found = target if target in known else named.instance_id(target, members)
    if found not in known:
        known |= named.known_by(members)
        raise not_found("fleet or instance", target, {*known, *fleets, ALL} - {f"fleet:{name}" for name in fleets})
    return f"{OF_INSTANCE}{found}"


def reason_of(what: str, text: str, *, needed: bool = True) -> str:
    """A person's reason on one line. Raises RepaveError when it is too long, or empty though it is needed."""
    reason = " ".join(text.split())
    if (needed and not reason) or len(reason) > LONGEST_REASON:
        raise RepaveError(f"{what} needs a reason of {int(needed)} to {LONGEST_REASON} characters")
    return reason


async def hold(journal: Journal, clock: Clock, scope: str, seconds: float | None, reason: str, by: str) -> Hold:
    """Stop before the next mutation. seconds: until it ends by itself; None lasts until `resume`.

    Raises RepaveError when the reason is empty or too long, or the time is none.
    """
    reason = reason_of("a hold", reason)
    if seconds is not None and seconds <= 0:
        raise RepaveError("a hold has to last longer than 0s")
    now = clock.now()
    placed = Hold(scope, reason, by, now, now + timedelta(seconds=seconds) if seconds is not None else None)
    await journal.hold(placed)
    return placed


async def resume(journal: Journal, clock: Clock, scope: str, by: str) -> tuple[int, tuple[Hold, ...]]:
    """End the holds of a scope, close its breakers, forget its failures in a row. How many holds and breakers that
    ended, and the holds that still stop something."""
    now = clock.now()
    ended = await journal.resume(scope, by, now)
    return ended, await journal.holds(now)
