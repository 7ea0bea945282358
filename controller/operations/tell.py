"""`hold` and `resume`: an operator's stop, and its end. They go into the journal, so every daemon on it obeys."""

from collections.abc import Collection
from datetime import timedelta

from controller.domain.errors import RepaveError
from controller.domain.model import Hold
from controller.domain.ports import Clock, Journal
from controller.operations.nearest import not_found

ALL = "all"
LONGEST_REASON = 500


def scope_of(target: str, fleets: Collection[str]) -> str:
    """`all`, or the scope of a configured fleet. Raises NotFound for anything else."""
    if target == ALL:
        return ALL
    if target not in fleets:
        raise not_found("fleet", target, [*fleets, ALL])
    return f"fleet:{target}"


async def hold(journal: Journal, clock: Clock, scope: str, seconds: float | None, reason: str, by: str) -> Hold:
    """Stop before the next mutation. seconds: until it ends by itself; None lasts until `resume`.

    Raises RepaveError when the reason is empty or too long, or the time is none.
    """
    reason = " ".join(reason.split())
    if not reason or len(reason) > LONGEST_REASON:
        raise RepaveError(f"a hold needs a reason of 1 to {LONGEST_REASON} characters")
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
