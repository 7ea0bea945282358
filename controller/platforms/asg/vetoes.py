"""Why a group or one of its members has to be left alone, as far as Auto Scaling itself says so. Pure.

Nothing here knows Repave's own replacements: while a surge of ours is outstanding, `no_capacity` of its group and
`protected` of its successor are our own doing, and it is for the core to see through them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from controller.domain.model import InstanceState
from controller.domain.veto import Needs, Veto
from controller.platforms.asg.group import GroupView, Member

NEEDED_PROCESSES = ("Launch", "Terminate")
"""Launch suspended: no newcomer comes, and a termination is never made good. Terminate suspended: somebody wants the
members in service to stay (https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-suspend-resume-processes.html).
AddToLoadBalancer matters with target groups only: newcomers would not be registered. HealthCheck matters without
them: nothing would say that a newcomer is unhealthy. The other processes (AZRebalance, ReplaceUnhealthy,
AlarmNotification, ScheduledActions, InstanceRefresh) can be suspended: the group then interferes less."""

REFRESHING = frozenset({"Pending", "InProgress", "Cancelling", "RollbackInProgress", "Baking"})
"""States of an instance refresh in which it still replaces members, or may."""

MANAGERS = {
    "eks:": "EKS",
    "aws:eks:": "EKS",
    "kubernetes.io/cluster/": "Kubernetes",
    "k8s.io/cluster-autoscaler/": "the Kubernetes cluster autoscaler",
    "kops.k8s.io/": "kOps",
    "elasticbeanstalk:": "Elastic Beanstalk",
    "AWSBatchServiceTag": "AWS Batch",
    "opsworks:": "OpsWorks",
    "AmazonECSManaged": "an ECS capacity provider, whose tasks nobody would drain",
}
"""How the tag keys begin by which other controllers mark the groups that they own."""

ECS_MANAGED = "AmazonECSManaged"
"""The tag of a group with an ECS capacity provider; managed termination protection protects its members by itself."""


@dataclass(frozen=True, slots=True)
class Refresh:
    """What is known of a group's instance refreshes. active: the status of one in REFRESHING. gap: why the question
    could not be answered; about safety, no answer is a no."""

    active: str | None = None
    gap: str | None = None


def group_vetoes(view: GroupView, refresh: Refresh) -> tuple[Veto, ...]:
    """Why nothing in this group may be replaced now."""
    return (*_unsupported(view), *_managed_elsewhere(view), *_busy(view, refresh), *_no_capacity(view))


def member_vetoes(view: GroupView, member: Member) -> tuple[Veto, ...]:
    """Why this member has to be left alone."""
    return tuple(_member_vetoes(view, member))


def operator_protected(view: GroupView, member: Member) -> bool:
    """Whether somebody protected this member from scale-in on purpose, rather than its group or ECS by themselves."""
    return member.protected and not view.protects_newcomers and ECS_MANAGED not in view.tags


def _member_vetoes(view: GroupView, member: Member) -> Iterator[Veto]:
    match member.state:
        case InstanceState.TERMINATING:
            yield Veto("platform_replacing", f"{member.id} is leaving its group ({member.lifecycle})", Needs.WORLD)
        case InstanceState.DETACHED:
            yield Veto("protected", f"{member.id} is being taken out of its group ({member.lifecycle})", Needs.PERSON)
        case InstanceState.STANDBY:
            yield Veto("protected", f"{member.id} was put aside ({member.lifecycle})", Needs.PERSON)
        case _:
            if not member.healthy and not {"ReplaceUnhealthy", "Terminate"} & _suspended(view):
                reason = f"{view.name} calls {member.id} unhealthy and will replace it by itself"
                yield Veto("platform_replacing", reason, Needs.WORLD)
    if operator_protected(view, member):
        yield Veto("protected", f"{member.id} is protected from scale-in", Needs.PERSON)


def volume_vetoes(instance_id: str, lasting: Sequence[str] | None) -> Iterator[Veto]:
    """What the volumes say that outlive the instance. None: they are not known, and it may keep data."""
    if lasting is None:
        yield Veto("platform_busy", f"which volumes of {instance_id} outlive it is not known yet", Needs.WORLD)
    elif lasting:
        yield Veto("stateful", keeps(instance_id, lasting), Needs.PERSON)


def keeps(instance_id: str, lasting: Sequence[str]) -> str:
    """In words."""
    return f"{instance_id} keeps data on {', '.join(lasting)}: DeleteOnTermination is false"


def _unsupported(view: GroupView) -> Iterator[Veto]:
    document = view.document
    reasons = (
        (view.template is None, "has no launch template: what a launch would use is unknown"),
        ("WarmPoolConfiguration" in document, "has a warm pool, whose members would join instead of fresh ones"),
        (_weighted(view), "counts capacity in weights, not in instances"),
        (bool(document.get("LoadBalancerNames")), "serves through a Classic Load Balancer, which is not supported"),
        (_lattice(view), "serves through VPC Lattice, which is not supported"),
    )
    for unsupported, reason in reasons:
        if unsupported:
            yield Veto("unsupported_group", f"{view.name} {reason}", Needs.PERSON)


def _weighted(view: GroupView) -> bool:
    policy = (view.document.get("MixedInstancesPolicy") or {}).get("LaunchTemplate") or {}
    overrides = policy.get("Overrides") or ()
    by_units = view.document.get("DesiredCapacityType") or "units"
    weights = any(override.get("WeightedCapacity") not in (None, "", "1") for override in overrides)
    return weights or by_units != "units" or any(member.weighted for member in view.members)


def _lattice(view: GroupView) -> bool:
    return any(source.get("Type") == "vpc-lattice" for source in view.document.get("TrafficSources") or ())


def _managed_elsewhere(view: GroupView) -> Iterator[Veto]:
    operator = view.document.get("Operator") or {}
    if operator.get("Managed"):
        reason = f"{view.name} is managed by {operator.get('Principal') or 'an AWS service'}"
        yield Veto("managed_elsewhere", reason, Needs.PERSON)
    for key in sorted(view.tags):
        manager = next((name for prefix, name in MANAGERS.items() if key.startswith(prefix)), None)
        if manager is not None:
            yield Veto("managed_elsewhere", f"{view.name} belongs to {manager} (tag {key})", Needs.PERSON)
            return


def _suspended(view: GroupView) -> set[str]:
    return {process["ProcessName"] for process in view.document.get("SuspendedProcesses") or ()}


def _busy(view: GroupView, refresh: Refresh) -> Iterator[Veto]:
    needed = [*NEEDED_PROCESSES, "AddToLoadBalancer" if view.target_groups else "HealthCheck"]
    suspended = [process for process in needed if process in _suspended(view)]
    if suspended:
        reason = f"{view.name} has suspended processes: {', '.join(suspended)}"
        yield Veto("platform_busy", reason, Needs.PERSON)
    if view.document.get("Status"):
        yield Veto("platform_busy", f"{view.name} is being deleted ({view.document['Status']})", Needs.WORLD)
    if refresh.active is not None:
        yield Veto("platform_busy", f"{view.name} has an active instance refresh ({refresh.active})", Needs.WORLD)
    if refresh.gap is not None:
        yield Veto("platform_busy", refresh.gap, Needs.WORLD)


def _no_capacity(view: GroupView) -> Iterator[Veto]:
    if view.desired >= view.maximum:
        needed = f"MaxSize has to be at least {view.desired + 1}"
        reason = f"{view.name} desires {view.desired} of at most {view.maximum}; {needed} to launch before terminating"
        yield Veto("no_capacity", reason, Needs.PERSON)
