"""The laws as the wire shows them. Nothing here knows how Repave works: only what reached the world counts, and what
was really so before and after it.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

from controller.demo.process import WorldGroupInfo
from tests.e2e.harness.wire import Record, Request, Truth, members_of

ALLOWED = frozenset(
    {
        "autoscaling:LaunchInstances",
        "autoscaling:SetDesiredCapacity",
        "autoscaling:SetInstanceProtection",
        "autoscaling:TerminateInstanceInAutoScalingGroup",
        "elbv2:DeregisterTargets",
        "elbv2:RegisterTargets",
    }
)
"""What a daemon may change. Written out a second time, so that a longer list in the daemon is seen here."""

TERMINATE = "autoscaling:TerminateInstanceInAutoScalingGroup"


@dataclass(frozen=True, slots=True)
class Change:
    """One request that took effect on a group, with what was so before and after it."""

    request: Request
    before: Truth
    after: Truth

    @property
    def moved(self) -> int:
        """By how much it moved the desired capacity."""
        return self.after.desired - self.before.desired

    @property
    def terminated(self) -> frozenset[str]:
        """Whom it terminated."""
        return self.request.instances if self.request.call == TERMINATE else frozenset()


def violations(wire: Sequence[Record], group: WorldGroupInfo, max_in_flight: int = 1) -> list[str]:
    """One sentence per breach on one group, from the whole wire log; empty when all is well.

    In-service healthy never falls, through our calls, below what it was before the call, what it was before our surge
    (which is no capacity yet), or desired minus our surge, whichever is least; never more than `max_in_flight` surges;
    each termination takes effect once; the desired capacity ends at its start plus what others moved; nothing is called
    that is not on the list.
    """
    mine = [item for item in requests(wire, group) if item.ours and item.mutating]
    found = [f"{item.call} is not on the list" for item in mine if item.call not in ALLOWED]
    found += [f"{item.call} without decrement" for item in mine if _keeps_capacity(item)]
    made = [change for change in changes(wire, group) if change.request.ours]
    return found + list(_capacity(made, max_in_flight)) + _terminations(made) + list(_ends(wire, group, made))


def launches(wire: Sequence[Record], group: WorldGroupInfo) -> int:
    """By how much our calls raised the desired capacity altogether: each is one launch."""
    return sum(max(0, change.moved) for change in changes(wire, group) if change.request.ours)


def requests(wire: Sequence[Record], group: WorldGroupInfo) -> list[Request]:
    """The requests about a group: those that name it, one of its target groups, or somebody who was ever a member."""
    names = {group.name, *group.target_groups, *group.instances, *members_of(wire, group.name)}
    return [item for item in wire if isinstance(item, Request) and names & set(item.parameters.values())]


def changes(wire: Sequence[Record], group: WorldGroupInfo) -> Iterator[Change]:
    """Each request that took effect on a group. The world writes what is so right after it, where that has changed."""
    concerned = {item.seq for item in requests(wire, group) if item.mutating and item.effect}
    now: Truth | None = None
    for place, item in enumerate(wire):
        if isinstance(item, Truth) and item.group == group.name:
            now = item
        elif isinstance(item, Request) and item.seq in concerned and now is not None:
            written = takewhile(lambda later: isinstance(later, Truth), wire[place + 1 :])
            found = [later for later in written if isinstance(later, Truth) and later.group == group.name]
            yield Change(item, now, found[0] if found else now)


def _keeps_capacity(item: Request) -> bool:
    return item.call == TERMINATE and item.parameters.get("ShouldDecrementDesiredCapacity", "").lower() != "true"


def _capacity(made: Sequence[Change], max_in_flight: int) -> Iterator[str]:
    surge, began_with = 0, 0
    for change in made:
        began_with = began_with if surge else len(change.before.serving)
        needed = min(len(change.before.serving), began_with, change.before.desired - surge)
        if len(change.after.serving) < needed:
            named = f"{change.request.call} {' '.join(sorted(change.request.instances))}".strip()
            yield f"after {named}, {len(change.after.serving)} serve where {needed} have to"
        surge += change.moved
        if surge > max_in_flight:
            yield f"{surge} in flight after {change.request.call}, at most {max_in_flight} are allowed"
        if surge < 0:
            yield f"{change.request.call} gave back more than we took"


def _terminations(made: Sequence[Change]) -> list[str]:
    counts = Counter(instance for change in made for instance in change.terminated)
    return [f"{instance} was terminated {count} times" for instance, count in counts.items() if count > 1]


def _ends(wire: Sequence[Record], group: WorldGroupInfo, made: Sequence[Change]) -> Iterator[str]:
    """What moved the desired capacity and was no call of ours was somebody else: our own calls have to cancel out."""
    truths = [item for item in wire if isinstance(item, Truth) and item.group == group.name]
    if not truths:
        yield f"nothing is known of {group.name}"
        return
    start, end, by_us = truths[0].desired, truths[-1].desired, sum(change.moved for change in made)
    if by_us:
        yield f"desired went from {start} to {end}: others moved it by {end - start - by_us:+d}, and we by {by_us:+d}"
