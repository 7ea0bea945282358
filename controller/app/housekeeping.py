"""Once an hour, what is older than `keep` goes out of the journal."""

from datetime import timedelta

import structlog

from controller.app.live import Live
from controller.domain.errors import JournalUnavailable
from controller.domain.ports import Clock, OpenedJournal

PAUSE_SECONDS = 3600.0

log = structlog.get_logger("repave.journal")


class Housekeeping:
    """Done by a daemon that holds a lease: of several, by as many as share the fleets, each a bounded piece an hour,
    which does no harm. A standby changes nothing."""

    def __init__(self, journal: OpenedJournal, owner: str, live: Live, clock: Clock) -> None:
        self._journal = journal
        self._owner = owner
        self._live = live
        self._clock = clock

    async def run(self) -> None:
        """For ever. The first time after an hour: a daemon that begins has other things to do."""
        while True:
            await self._clock.sleep(PAUSE_SECONDS)
            try:
                await self.once()
            except JournalUnavailable as error:
                log.warning("what is old could not be let go of", problem=str(error))

    async def once(self) -> int:
        """Let go of a bounded piece, and say so; how many replacements that were. Raises JournalUnavailable."""
        now = self._clock.now()
        leases = await self._journal.leases()
        if not any(lease.owner == self._owner and lease.expires_at > now for lease in leases):
            return 0
        before = now - timedelta(seconds=self._live.config.keep_seconds)
        gone = await self._journal.let_go(before)
        if gone:
            log.info("old replacements were let go of", replacements=gone, closed_before=before.isoformat())
        return gone
