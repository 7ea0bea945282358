"""What may become of a request: approved, ended, and why not."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from controller.domain.errors import Conflict
from controller.domain.request import STANDS_FOR, Request, RequestState

TOO_LATE = "nobody answered in time, or something stood in the way until then"
"""Why a request expired that a tick found with its time over."""


def over(found: Request, state: RequestState, at: datetime, closing: str) -> Request:
    """One that was open, ended; one whose time is over has expired, whatever comes later."""
    if found.expires_at <= at and state is not RequestState.EXPIRED:
        state, closing = RequestState.EXPIRED, ""
    return replace(found, ended=state, ended_at=at, closing=closing)


def approved(found: Request, by: str, at: datetime) -> Request:
    """The same with a yes to it, which stands for an hour. Raises Conflict."""
    if found.ended is RequestState.ACCEPTED:
        raise Conflict(f"{found.id} is a replacement already: {found.approved_by} approved it")
    if not found.stands(at):
        raise Conflict(_why_over(found, at))
    if found.approved_at is not None:
        raise Conflict(f"{found.id} was approved already, by {found.approved_by} at {_clock(found.approved_at)}")
    return replace(found, approved_by=by, approved_at=at, expires_at=at + STANDS_FOR)


def aborted(found: Request, by: str, reason: str, at: datetime) -> Request:
    """One that stood, ended at a person's word. Raises Conflict when it has ended before."""
    if not found.stands(at):
        raise Conflict(_why_over(found, at))
    return over(found, RequestState.ABORTED, at, f"aborted by {by}" + (f": {reason}" if reason else ""))


def gives_way(before: Iterable[Request], wish: Request) -> tuple[Request, ...]:
    """The open requests for its instance, ended, because a person asks for the same. Raises Conflict when somebody
    asked before."""
    ended, at = [], wish.created_at
    for one in before:
        if one.requested and one.stands(at):
            raise Conflict(f"{one.by} asked for {one.instance_id} already: {one.id}")
        ended.append(over(one, RequestState.WITHDRAWN, at, f"{wish.by} asked for it: {wish.id}"))
    return tuple(ended)


def refuse_claimed(wish: Request, claimed_by: str | None) -> None:
    """Raises Conflict when the instance belongs to an open replacement."""
    if claimed_by:
        raise Conflict(f"{wish.instance_id} belongs to {claimed_by} already, which is still open")


def _why_over(found: Request, now: datetime) -> str:
    state = found.state(now)
    if state is RequestState.EXPIRED:
        return (
            f"{found.id} expired at {_clock(found.expires_at)}; if it is still wanted, the next tick proposes it anew"
        )
    at = _clock(found.ended_at) if found.ended_at else ""
    return f"{found.id} was {state} at {at}: {found.closing}"


def _clock(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
