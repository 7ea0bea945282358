"""The group has no room for one more instance."""

from controller.decide.rule import RuleSpec, said_by_platform
from controller.domain.lifecycle import Phase
from controller.domain.model import Snapshot
from controller.domain.policy import Policy
from controller.domain.verdict import Candidate, Draft
from controller.domain.veto import Needs, Veto

NOT_YET_LAUNCHED = frozenset({Phase.ACCEPTED, Phase.LAUNCHING})
"""Phases in which the desired count may not show the surge yet."""

_said = said_by_platform("no_capacity")


def check(candidate: Candidate, draft: Draft, snapshot: Snapshot, policy: Policy) -> Veto | None:
    """Vetoes when the platform says so, or when the surges that are about to come fill what room there is.

    What the world has to cure (launches that fail) holds whatever room there is; a full group may be full of ours.
    """
    said, group = _said(candidate, draft, snapshot, policy), snapshot.inventory.group(candidate.instance.group)
    if group is None:
        return said
    ours = [item for item in snapshot.open_replacements if item.group == group.name]
    out = sum(item.phase not in NOT_YET_LAUNCHED for item in ours)
    if said is not None and (said.needs is Needs.WORLD or out == 0 or group.desired - out >= group.maximum):
        return said
    coming = len(ours) - out + sum(chosen.instance.group == group.name for chosen in draft.starts)
    room = max(group.maximum - group.desired, 0)
    if said is None and coming < room:
        return None
    reason = f"{group.name} has room for {room} more, and of ours {out} are there and {coming} about to launch"
    return Veto("no_capacity", reason, Needs.REPAVE)


RULE = RuleSpec("no_capacity", "Without room for a successor, the predecessor keeps serving.", check=check)
