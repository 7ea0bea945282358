"""Limits that follow from the past, asked twice of the same function: by a rule, when it plans, and by the journal, in
the transaction that accepts. A plan is advisory: what was true when it was made need not be true any more."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from controller.domain.past import Past, failed_attempts, failed_on, proven_on
from controller.domain.policy import Cooldown
from controller.domain.veto import Needs, Veto
from controller.domain.words import moment_words, span_words

SET_ASIDE_AFTER = 2
"""So many failed successors set an image aside."""

MOST_DOUBLINGS = 60
"""More would leave what a float holds; the cap was reached long before."""


def backoff_seconds(attempts: int, cooldown: Cooldown) -> float:
    """How long the next attempt waits after so many in a row: base, 2 base, 4 base ... and never more than cap."""
    if attempts <= 0:
        return 0.0
    doublings = min(attempts - 1, MOST_DOUBLINGS)
    return min(cooldown.base_seconds * 2.0**doublings, cooldown.cap_seconds)


def cooldown_veto(past: Sequence[Past], fleet: str, instance_id: str, cooldown: Cooldown, now: datetime) -> Veto | None:
    """A lineage that could not be replaced waits longer after each attempt. `past`: newest first."""
    attempts = failed_attempts(past, instance_id)
    if not attempts:
        return None
    wait_seconds, last = backoff_seconds(len(attempts), cooldown), attempts[0]
    clears_at = last.closed_at + timedelta(seconds=wait_seconds)
    if clears_at <= now:
        return None
    tried = "1 attempt" if len(attempts) == 1 else f"{len(attempts)} attempts in a row"
    reason = (
        f"{tried} to replace it came to nothing, the last {_ended(last, now)}: waits {span_words(wait_seconds)} after "
        f"that, until {moment_words(clears_at, now)}; `repave resume {fleet}` tries at once"
    )
    return Veto("cooldown", reason, Needs.REPAVE, clears_at)


def image_set_aside_veto(past: Sequence[Past], fleet: str, image_id: str | None, now: datetime) -> Veto | None:
    """Nothing more is launched onto an image whose successors failed twice. `past`: newest first."""
    failed = failed_on(past, image_id) if image_id else ()
    if len(failed) < SET_ASIDE_AFTER:
        return None
    told = ", ".join(_ended(item, now) for item in failed[:SET_ASIDE_AFTER])
    reason = (
        f"{len(failed)} successors in a row failed on {image_id}, which a launch would use (the last: {told}): it is "
        f"set aside until the group launches another image, or a person says `repave resume {fleet}`"
    )
    return Veto("image_set_aside", reason, Needs.PERSON)


def canary_veto(
    past: Sequence[Past], image_id: str | None, in_flight: Sequence[str], max_in_flight: int
) -> Veto | None:
    """The first replacement onto an image goes alone; with n that proved themselves, 2 n may be in flight.

    in_flight: those of the fleet that launch, or launched, this image. An image that cannot be told is never proven.
    max_in_flight: the fleet's own limit; where that allows no more anyway, the ramp has nothing to say.
    """
    proven = len(proven_on(past, image_id)) if image_id else 0
    allowed = max(1, 2 * proven)
    if len(in_flight) < allowed or max_in_flight <= allowed:
        return None
    image, names = image_id or "the image that a launch would use", ", ".join(in_flight)
    if proven:
        times = "1 time" if proven == 1 else f"{proven} times"
        reason = f"{image} has proved itself {times} here, which allows {allowed} at once: {names} in flight"
    else:
        reason = f"{image} has not proved itself in this fleet yet: {names} goes first, alone"
    return Veto("canary", reason, Needs.REPAVE)


def _ended(item: Past, now: datetime) -> str:
    why = f": {item.error_type}" if item.error_type else ""
    return f"{item.replacement_id} {item.outcome.value}{why} at {moment_words(item.closed_at, now)}"
