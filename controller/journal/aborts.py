"""The word that turns a replacement back. It outranks every hold that was there before it, and no later one."""

from sqlalchemy import Connection, func, select

from controller.domain.replacement import Replacement, fold
from controller.domain.request import Abort, Request, RequestState
from controller.journal import events, requests
from controller.journal.dialect import upsert
from controller.journal.logic.turning_back import refuse_if_late
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
    refuse_if_late(state, aborted(connection, state.id), hold_on(connection, state, word.at))
    newest = connection.execute(NEWEST_HOLD).scalar_one()
    said = {"replacement_id": state.id, "by": word.by, "reason": word.reason, "at": word.at}
    connection.execute(PUT, {**said, "after_hold": newest})
    return state
