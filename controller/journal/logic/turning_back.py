"""When an abort comes too late."""

from datetime import datetime

from controller.domain.errors import Conflict
from controller.domain.lifecycle import Step
from controller.domain.model import Hold
from controller.domain.replacement import Replacement
from controller.domain.request import Abort


def refuse_if_late(state: Replacement, before: Abort | None, held_by: Hold | None) -> None:
    """The journal has an order: either the termination was called before this word, or it never will be.

    before: the abort that was said of it already; held_by: what forbids its next call. Raises Conflict.
    """
    if not state.open:
        raise Conflict(f"{state.id} has ended already: {state.outcome}")
    for call in state.calls:
        if call.step is Step.TERMINATE and call.outcome != "failed":
            when = _clock(call.called_at)
            raise Conflict(
                f"it is too late to abort {state.id}: {call.name} for {state.predecessor} was called at {when}"
            )
    if before is not None and held_by is None:
        raise Conflict(f"{state.id} was aborted already, by {before.by} at {_clock(before.at)}")


def _clock(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
