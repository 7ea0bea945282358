"""The way back of a drain: the predecessor goes into the target groups that we took it out of."""

from collections.abc import Mapping

from controller.domain.model import InstanceState, Target
from controller.domain.ports import Server, Waiting, Work
from controller.domain.replacement import Replacement
from controller.platforms.asg.drain import DEREGISTER, REGISTER, is_draining
from controller.platforms.asg.gateway import Gateway
from controller.platforms.asg.group import GroupView

MOST_REFUSALS = 3
"""A target group that refuses the predecessor this often (it was deleted, say) does not keep the surge outstanding."""


async def restore(gateway: Gateway, work: Work, view: GroupView) -> Waiting | None:
    """Register the predecessor again where we deregistered it. None once it is registered, or when it has left."""
    ours = work.replacement
    predecessor = view.staying(ours.predecessor)
    if predecessor is None or predecessor.state is not InstanceState.IN_SERVICE:
        return None
    taken = {call.arguments["target_group"] for call in ours.calls_of(DEREGISTER) if call.outcome != "failed"}
    missing = []
    for arn in (arn for arn in view.target_groups if arn in taken):
        if not _registered(await gateway.balancers.targets(arn, ()), predecessor.id) and not _given_up(ours, arn):
            missing.append(arn)
            if "ok" not in _outcomes(ours, arn):
                await gateway.balancers.register(arn, Server(predecessor.id), work.mutate)
    return Waiting(f"{predecessor.id} goes back into {len(missing)} target group(s)") if missing else None


def was_restored(ours: Replacement) -> bool:
    """Whether any target group took the predecessor back."""
    return any(call.outcome == "ok" for call in ours.calls_of(REGISTER, undoing=True))


def _outcomes(ours: Replacement, arn: str) -> list[str | None]:
    calls = ours.calls_of(REGISTER, undoing=True)
    return [call.outcome for call in calls if call.arguments["target_group"] == arn]


def _given_up(ours: Replacement, arn: str) -> bool:
    return _outcomes(ours, arn).count("failed") >= MOST_REFUSALS


def _registered(targets: Mapping[str, Target], instance_id: str) -> bool:
    return instance_id in targets and not is_draining(targets, instance_id)
