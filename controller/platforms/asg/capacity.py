"""Arithmetic of law 5 and of zones. Pure."""

from collections import Counter
from collections.abc import Collection

from controller.domain.replacement import Replacement
from controller.platforms.asg.group import GroupView, Member, is_suspended


def loss(view: GroupView, serving: Collection[str], leaver: str, before: int) -> str | None:
    """Why `leaver` must not be taken out of service now, or None.

    Law 5 at the wire: in-service healthy never falls, through our calls, below what it was `before` our surge, or below
    desired minus our surge, whichever is less.
    """
    left, needed = len(set(serving) - {leaver}), min(before, view.desired - 1)
    if leaver not in serving or left >= needed:
        return None
    return f"without {leaver}, {left} would serve where {needed} have to"


def spread(view: GroupView, absent: Collection[str]) -> int:
    """How far apart the fullest and the emptiest zone are, `absent` members and those on their way out left out."""
    staying = [member for member in view.members if not member.leaving and member.id not in absent]
    counts = Counter(member.zone for member in staying)
    per_zone = [counts[zone] for zone in {*view.zones, *counts}]
    return max(per_zone, default=0) - min(per_zone, default=0)


def misplaced(
    view: GroupView, replacement: Replacement, newcomer: Member, others: Collection[Replacement]
) -> str | None:
    """Why a newcomer in another zone than the predecessor's cannot be kept, or None.

    An unbalancing termination makes AZRebalance kill another member
    (https://docs.aws.amazon.com/autoscaling/ec2/userguide/auto-scaling-benefits.html). The newcomer is kept when the
    zones end within one of each other, or nearer to each other than they were; and wherever it came up while
    AZRebalance is suspended, because then nobody evens the zones out.
    """
    if newcomer.zone == replacement.zone or is_suspended(view, "AZRebalance"):
        return None
    departing = {other.predecessor for other in others if other.group == replacement.group and other.successor}
    before = spread(view, departing | {newcomer.id})
    after = spread(view, departing | {replacement.predecessor})
    if after <= 1 or after < before:
        return None
    return f"{newcomer.id} came up in {newcomer.zone}, not in {replacement.zone}: zones would end {after} apart"
