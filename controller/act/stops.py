"""What stops a replacement at this moment, and who said so: a hold in the journal, or a word on the platform itself."""

from dataclasses import dataclass
from datetime import datetime

from controller.act.site import Site
from controller.domain.errors import PlatformError
from controller.domain.ports import Journal
from controller.domain.replacement import Replacement
from controller.domain.request import Abort


@dataclass(frozen=True, slots=True)
class Stop:
    """reason: in words. by: the person, where one is known."""

    reason: str
    by: str | None = None

    @property
    def facts(self) -> dict[str, str]:
        """As the facts of an event."""
        return {"reason": self.reason} | ({"by": self.by} if self.by else {})


async def stop_of(
    state: Replacement, site: Site, journal: Journal, abort: Abort | None, now: datetime
) -> Stop | None:  # fmt: skip
    """What holds this replacement; None when nothing does. An abort outranks what was there before it was said.

    While the platform cannot be asked, nothing is done (law 10), and its error is raised like that of any other call,
    so that the deadline runs on and ends the wait (law 12); a pause goes on. A way back that is over time ends all the
    same: it makes no further call.
    """
    hold = await journal.hold_on(state, now)
    if hold is not None:
        return Stop(hold.sentence(), hold.by)
    if abort is not None:
        return None
    try:
        tag = await site.platform.held(state)
    except PlatformError as error:
        if state.paused_at is not None:
            return Stop(f"whether it is still held cannot be told: {error}")
        if undone_too_late(state, site, now):
            return None
        raise
    return Stop(tag) if tag is not None else None


async def end_of(state: Replacement, journal: Journal, abort: Abort | None, paused_at: datetime) -> Stop:
    """How a pause that began at `paused_at` came to its end."""
    if abort is not None and abort.at >= paused_at:
        return Stop(abort.sentence(), abort.by)
    lifted = await journal.lifted(state, paused_at)
    return Stop(f"{lifted.by} ended the hold", lifted.by) if lifted else Stop("the hold is over")


def undone_too_late(state: Replacement, site: Site, now: datetime) -> bool:
    """Whether the way back has had all its time."""
    return state.undoing and state.elapsed_seconds(now) > site.policy.deadlines.undo_seconds
