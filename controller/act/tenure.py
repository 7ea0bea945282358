"""Holding the lease of one fleet: taking it, renewing it, and refusing to act without it."""

from controller.act.share import Alone, Share
from controller.domain.errors import JournalUnavailable, LeaseLost
from controller.domain.ports import Clock, Journal, Lease


class Tenure:
    """One daemon's right to act on one fleet. share: whether the fleet is this daemon's, where there are several.

    ttl_seconds: how long the lease lasts without renewal. It is renewed every third of that, and counts as lost for
    new mutations once less than a third is left, so that a call begun under it ends under it.
    """

    def __init__(
        self, fleet: str, owner: str, ttl_seconds: float, journal: Journal, clock: Clock, share: Share | None = None
    ) -> None:
        self._fleet = fleet
        self._owner = owner
        self._ttl_seconds = ttl_seconds
        self._journal = journal
        self._clock = clock
        self._share = share or Alone()
        self._lease: Lease | None = None

    async def take(self) -> Lease | None:
        """Take the lease or renew it; None while another daemon holds it, or is first to take it."""
        if self._lease is None and not self._share.may_take(self._fleet):
            return None
        now = self._clock.now()
        self._lease = await self._journal.acquire(self._fleet, self._owner, self._ttl_seconds, now)
        return self._lease

    @property
    def unwanted(self) -> bool:
        """Whether to let it go once nothing is under way: another daemon has too few."""
        return self._share.gives_up(self._fleet)

    def lease(self) -> Lease:
        """The lease as it was last taken, good enough to journal what has already happened. Raises LeaseLost."""
        if self._lease is None:
            raise LeaseLost(f"no lease for fleet {self._fleet}")
        return self._lease

    def require(self) -> Lease:
        """The lease, good for at least another third of its life: enough to begin something. Raises LeaseLost."""
        lease = self.lease()
        left_seconds = (lease.expires_at - self._clock.now()).total_seconds()
        if left_seconds < self._ttl_seconds / 3:
            raise LeaseLost(f"the lease for fleet {self._fleet} ends in {left_seconds:.1f} s")
        return lease

    async def keep(self) -> None:
        """Renew for ever; ends when the lease is lost to another daemon."""
        while True:
            await self._clock.sleep(self._ttl_seconds / 3)
            try:
                if await self.take() is None:
                    return
            except JournalUnavailable:
                continue

    async def release(self) -> None:
        """Give it up, so that another daemon can act at once."""
        lease, self._lease = self._lease, None
        if lease is not None:
            await self._journal.release(lease)
