"""Whose is a newcomer, and did a call that nobody saw return take effect? Evidence from journal and group. Pure.

Setting a desired capacity has no token and returns no instance. What ties a newcomer to a replacement is the intent
that was journaled before the call: the desired capacity and the members of that moment.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from controller.domain.ports import Work
from controller.domain.replacement import Call, Replacement
from controller.platforms.asg.group import GroupView, Member

SET = "autoscaling.SetDesiredCapacity"
LAUNCH = "autoscaling.LaunchInstances"
TERMINATE = "autoscaling.TerminateInstanceInAutoScalingGroup"
PROTECT = "autoscaling.SetInstanceProtection"


class Evidence(StrEnum):
    """What the group says about a call. AMBIGUOUS: others moved it at the same time; nothing may be built on it."""

    HAPPENED = "happened"
    DID_NOT = "did_not"
    AMBIGUOUS = "ambiguous"


@dataclass(frozen=True, slots=True)
class Surge:
    """Our desired + 1, as it was intended.

    was: the desired capacity before it. members: the ids that were there already. certain: AWS confirmed it.
    serving: how many members were in service and healthy everywhere at that moment, other surges' newcomers left out.
    newcomer: who was launched, where the call said so. by_launch: asked for by LaunchInstances.
    """

    was: int
    members: frozenset[str]
    certain: bool
    serving: int
    called_at: datetime
    newcomer: str | None = None
    by_launch: bool = False

    def raised(self, view: GroupView) -> bool:
        """Whether the group wants more than before it."""
        return view.desired > self.was


def surge_of(replacement: Replacement) -> Surge | None:
    """The surge that this replacement may have outstanding, by its newest call that may have happened; None when it
    never asked, or AWS refused each time. An earlier call in doubt was found not to have happened before the next."""
    asked = (call for call in reversed(replacement.calls) if call.name in (SET, LAUNCH) and call.step is not None)
    call = next((call for call in asked if call.outcome != "failed"), None)
    if call is None:
        return None
    return Surge(
        was=call.arguments["was"],
        members=frozenset(call.arguments["members"]),
        certain=call.outcome == "ok",
        serving=call.arguments["serving"],
        called_at=call.called_at,
        newcomer=next(iter(call.result.get("instances") or ()), None),
        by_launch=call.name == LAUNCH,
    )


def claimed_by_others(work: Work) -> frozenset[str]:
    """Instances that belong to other open replacements, and newcomers that they are giving back."""
    given_back = (call.arguments["instance"] for other in work.others for call in other.calls if call.name == TERMINATE)
    return work.claimed | frozenset(given_back)


def waiting_surges(work: Work) -> tuple[Surge, ...]:
    """The surges of other replacements of the same group whose newcomer is not known yet."""
    found = []
    for other in work.others:
        surge = surge_of(other)
        looking = surge is not None and other.successor is None and not other.calls_of(SET, undoing=True)
        if looking and other.group == work.replacement.group and not other.calls_of(TERMINATE, undoing=True):
            found.append(surge)
    return tuple(surge for surge in found if surge is not None)


def newcomers(view: GroupView, known: Collection[str], claimed: Collection[str]) -> tuple[Member, ...]:
    """Members that came after `known` was noted, stay, and are nobody's yet."""
    return tuple(
        member for member in view.members if not member.leaving and member.id not in known and member.id not in claimed
    )


def surplus(view: GroupView, surge: Surge, others: Sequence[Surge], claimed: Collection[str]) -> int:
    """How many newcomers there are beyond those that other surges have yet to find."""
    mine = newcomers(view, surge.members, claimed)
    owed = sum(1 for other in others if not _was_served(other, surge, view, claimed))
    return max(0, len(mine) - owed)


def _was_served(other: Surge, surge: Surge, view: GroupView, claimed: Collection[str]) -> bool:
    """Whether the other's newcomer was there before our own call, so that it is not among ours."""
    return any(member.id in surge.members for member in newcomers(view, other.members, claimed))


def surge_evidence(surge: Surge, view: GroupView, unclaimed: int) -> Evidence:
    """Whether our desired + 1 took effect. unclaimed: newcomers that no other surge is waiting for."""
    if surge.certain:
        return Evidence.HAPPENED
    if view.desired == surge.was and unclaimed == 0:
        return Evidence.DID_NOT
    came = view.desired > surge.was and unclaimed == 1
    coming = view.desired == surge.was + 1 and unclaimed == 0
    return Evidence.HAPPENED if came or coming else Evidence.AMBIGUOUS


def choose(found: Sequence[Member], others: Sequence[Surge], zone: str) -> Member | None:
    """Our newcomer among several, always the same one: first those that other surges cannot claim, so that nobody is
    left without; then the predecessor's zone; then the lowest id."""

    def order(member: Member) -> tuple[int, bool, str]:
        wanted_by = sum(member.id not in other.members for other in others)
        return wanted_by, member.zone != zone, member.id

    return min(found, key=order, default=None)


def termination_evidence(call: Call | None, view: GroupView) -> Evidence:
    """Whether a termination with decrement took effect: the member is leaving or gone, and desired is one less."""
    if call is None or call.outcome == "failed":
        return Evidence.DID_NOT
    if call.outcome == "ok":
        return Evidence.HAPPENED
    if view.staying(call.arguments["instance"]) is not None:
        return Evidence.DID_NOT
    fell_by_one = view.desired == call.arguments["desired"] - 1
    return Evidence.HAPPENED if fell_by_one else Evidence.AMBIGUOUS


def in_doubt_elsewhere(work: Work, view: GroupView) -> str | None:
    """The id of another replacement whose last change of this group's capacity is in doubt and can still be told.

    A further change now would blur what its owner has to tell it by. What is ambiguous already cannot be blurred.
    """
    for other in work.others:
        call = other.in_doubt
        if call is None or other.group != work.replacement.group or call.name not in (SET, LAUNCH, TERMINATE):
            continue
        if _can_be_told(other, call, work, view):
            return other.id
    return None


def _can_be_told(other: Replacement, call: Call, work: Work, view: GroupView) -> bool:
    if call.name == TERMINATE:
        return termination_evidence(call, view) is not Evidence.AMBIGUOUS
    surge = surge_of(other)
    if other.undoing or surge is None or other.successor is not None:
        return other.undoing
    unclaimed = len(newcomers(view, surge.members, claimed_by_others(work)))
    return surge_evidence(surge, view, unclaimed) is not Evidence.AMBIGUOUS


def lowering_evidence(call: Call | None, view: GroupView) -> Evidence:
    """Whether lowering the desired capacity by one, on the way back, took effect."""
    if call is None or call.outcome == "failed":
        return Evidence.DID_NOT
    if call.outcome == "ok" or view.desired == call.arguments["desired"]:
        return Evidence.HAPPENED
    return Evidence.DID_NOT if view.desired == call.arguments["was"] else Evidence.AMBIGUOUS
