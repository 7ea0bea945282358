"""Who may write about a fleet. Fencing is by token; clocks decide about expiry only."""

from datetime import UTC, datetime

from controller.domain.errors import LeaseLost
from controller.domain.ports import Lease

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
"""When a lease that was given up expired."""


def refuse_outsiders(lease: Lease, found: Lease | None, fleet: str, at: datetime) -> None:
    """Raises LeaseLost unless this lease, of this fleet, is the newest (`found`) and valid `at` the time of what is
    written."""
    if lease.fleet != fleet:
        raise LeaseLost(f"the lease of {lease.fleet} gives no right over {fleet}")
    if found is None or (found.owner, found.token) != (lease.owner, lease.token):
        now = f"{found.owner} has token {found.token}" if found else "nobody has it"
        raise LeaseLost(f"{lease.owner} lost the lease of {fleet} (token {lease.token}): {now}")
    if found.expires_at <= at:
        raise LeaseLost(f"the lease of {lease.owner} on {fleet} ran out at {found.expires_at:%Y-%m-%d %H:%M:%S} UTC")
