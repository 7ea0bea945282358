"""Drain: the predecessor out of every target group, and its connections ended."""

from collections.abc import Mapping

from controller.domain.model import Target
from controller.domain.ports import Done, Progress, Server, Waiting, Work
from controller.platforms.asg.capacity import loss
from controller.platforms.asg.claims import surge_of
from controller.platforms.asg.gateway import Gateway, serving
from controller.platforms.asg.launch import superseded
from controller.platforms.asg.ready import name_of

DEREGISTER = "elbv2.DeregisterTargets"
REGISTER = "elbv2.RegisterTargets"


async def drain(gateway: Gateway, work: Work) -> Progress:
    """Done when no target group lists the predecessor, or lists it as unused, any more."""
    ours = work.replacement
    view = await gateway.group(ours.group)
    if view.staying(ours.predecessor) is None:
        return superseded(ours.predecessor, view)
    health = await gateway.health(view)
    serves = [arn for arn in view.target_groups if takes_traffic(health[arn], ours.predecessor)]
    if serves:
        surge = surge_of(ours)
        short = surge and loss(view, serving(view, health), ours.predecessor, surge.serving)
        if short and not ours.calls_of(DEREGISTER):
            return Waiting(short)
        for arn in serves:
            await gateway.balancers.deregister(arn, Server(ours.predecessor), work.mutate)
        return Waiting(f"{ours.predecessor} was taken out of {', '.join(map(name_of, serves))}")
    draining = [name_of(arn) for arn in view.target_groups if is_draining(health[arn], ours.predecessor)]
    if draining:
        return Waiting(f"{ours.predecessor} is draining from {', '.join(draining)}")
    begun = min((call.called_at for call in ours.calls_of(DEREGISTER)), default=work.now)
    return Done({"drained_seconds": (work.now - begun).total_seconds(), "target_groups": list(view.target_groups)})


def takes_traffic(targets: Mapping[str, Target], instance_id: str) -> bool:
    """Whether a target group may send the instance new connections. Unhealthy ones get some when all are unhealthy."""
    target = targets.get(instance_id)
    return target is not None and target.state not in ("draining", "unused")


def is_draining(targets: Mapping[str, Target], instance_id: str) -> bool:
    """Whether its connections are being ended."""
    target = targets.get(instance_id)
    return target is not None and target.state == "draining"
