"""The word that turns a replacement back. It outranks every hold that was there before it, and no later one."""

from datetime import datetime

from sqlalchemy import Connection, func, select

from controller.domain.errors import Conflict
from controller.domain.lifecycle import Step
from controller.domain.replacement import Replacement, fold
from controller.domain.request import Abort, Request, RequestState
from controller.journal import events, requests
from controller.journal.dialect import upsert
from controller.journal.people import aborted, hold_on
from controller.journal.schema import aborts, holds

NEWEST_HOLD = select(func.coalesce(func.max(holds.c.id), 0))
PUT = upsert(aborts)


def abort(connection: Connection, word: Abort) -> Request | Replacement:
    """End a request that stands, or have an open replacement undone; what it was about.

    Raises KeyError when nothing has that id, and Conflict.
    """
    asked = requests.one(connection, word.replacement_id)
    if asked is not None and asked.ended is not RequestState.ACCEPTED:
        return requests.abort(connection, asked, word.by, word.reason, word.at)
    story = events.story(connection, word.replacement_id)
    if not story:
        raise KeyError(word.replacement_id)
    state = fold(story)
    _refuse_if_late(connection, state, word.at)
    newest = connection.execute(NEWEST_HOLD).scalar_one()
    said = {"replacement_id": state.id, "by": word.by, "reason": word.reason, "at": word.at}
    connection.execute(PUT, {**said, "after_hold": newest})
    return state


def _refuse_if_late(connection: Connection, state: Replacement, at: datetime) -> None:
    """The journal has an order: either the termination was called before this word, or it never will be."""
    if not state.open:
        raise Conflict(f"{state.id} has ended already: {state.outcome}")
    for call in state.calls:
        if call.step is Step.TERMINATE and call.outcome != "failed":
            when = f"{call.called_at:%Y-%m-%d %H:%M:%S} UTC"
            raise Conflict(
                f"it is too late to abort {state.id}: {call.name} for {state.predecessor} was called at {when}"
            )
    before = aborted(connection, state.id)
    if before is not None and hold_on(connection, state, at) is None:
        raise Conflict(f"{state.id} was aborted already, by {before.by} at {before.at:%Y-%m-%d %H:%M:%S} UTC")
