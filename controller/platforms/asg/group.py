"""An Auto Scaling group as DescribeAutoScalingGroups tells it, parsed once; everything else here reads this.

Shapes: https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_AutoScalingGroup.html
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from controller.domain.model import LEAVING, InstanceState

COUNTED = frozenset({InstanceState.PENDING, InstanceState.IN_SERVICE})
"""States that count towards the desired capacity; standby and leaving members do not."""


@dataclass(frozen=True, slots=True)
class TemplateRef:
    """A launch template as a group or a member names it. version: a number, `$Latest` or `$Default`, as text."""

    id: str
    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Member:
    """One instance of a group. lifecycle: in Auto Scaling's own words. image_id: None when the group does not say.
    configuration: the launch configuration it was born of, where it was not born of a template."""

    id: str
    zone: str
    lifecycle: str
    healthy: bool
    protected: bool
    instance_type: str
    template: TemplateRef | None = None
    image_id: str | None = None
    weighted: bool = False
    configuration: str = ""

    @property
    def state(self) -> InstanceState:
        """The life cycle in words that all platforms share. A word we do not know leaves the member alone."""
        word = self.lifecycle.partition(":")[0]
        return _STATES.get(word, InstanceState.STANDBY)

    @property
    def leaving(self) -> bool:
        """Whether it will not be a member much longer."""
        return self.state in LEAVING

    @property
    def in_service(self) -> bool:
        """Whether the group counts it as serving and its checks agree."""
        return self.state is InstanceState.IN_SERVICE and self.healthy


_STATES = {
    "Pending": InstanceState.PENDING,
    "InService": InstanceState.IN_SERVICE,
    "EnteringStandby": InstanceState.STANDBY,
    "Standby": InstanceState.STANDBY,
    "Terminating": InstanceState.TERMINATING,
    "Terminated": InstanceState.TERMINATING,
    "Detaching": InstanceState.DETACHED,
    "Detached": InstanceState.DETACHED,
}


@dataclass(frozen=True, slots=True)
class GroupView:
    """A group at one moment. members: without those of its warm pool. document: the whole answer, for the vetoes."""

    name: str
    arn: str
    desired: int
    minimum: int
    maximum: int
    zones: tuple[str, ...]
    members: tuple[Member, ...]
    target_groups: tuple[str, ...] = ()
    template: TemplateRef | None = None
    protects_newcomers: bool = False
    document: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def member(self, instance_id: str | None) -> Member | None:
        """The member of that id, or None."""
        return next((member for member in self.members if member.id == instance_id), None)

    def staying(self, instance_id: str | None) -> Member | None:
        """The member of that id, unless it is gone or on its way out."""
        member = self.member(instance_id)
        return None if member is None or member.leaving else member

    @property
    def counted(self) -> int:
        """How many members count towards the desired capacity, pending ones included."""
        return sum(member.state in COUNTED for member in self.members)

    @property
    def tags(self) -> Mapping[str, str]:
        """The group's own tags."""
        return {tag["Key"]: tag.get("Value") or "" for tag in self.document.get("Tags") or ()}


def is_suspended(view: GroupView, process: str) -> bool:
    """Whether one of the group's processes (`Launch`, `AZRebalance` ...) is suspended."""
    return any(suspended["ProcessName"] == process for suspended in view.document.get("SuspendedProcesses") or ())


def parse(document: Mapping[str, Any]) -> GroupView:
    """One entry of `AutoScalingGroups`."""
    members = (_member(entry) for entry in document.get("Instances") or ())
    return GroupView(
        name=document["AutoScalingGroupName"],
        arn=document.get("AutoScalingGroupARN") or "",
        desired=document["DesiredCapacity"],
        minimum=document["MinSize"],
        maximum=document["MaxSize"],
        zones=tuple(document.get("AvailabilityZones") or ()),
        members=tuple(member for member in members if not member.lifecycle.startswith("Warmed:")),
        target_groups=_target_groups(document),
        template=_group_template(document),
        protects_newcomers=bool(document.get("NewInstancesProtectedFromScaleIn")),
        document=document,
    )


def _member(entry: Mapping[str, Any]) -> Member:
    return Member(
        id=entry["InstanceId"],
        zone=entry["AvailabilityZone"],
        lifecycle=entry["LifecycleState"],
        healthy=entry["HealthStatus"].lower() == "healthy",
        protected=bool(entry.get("ProtectedFromScaleIn")),
        instance_type=entry.get("InstanceType") or "",
        template=template_ref(entry.get("LaunchTemplate")),
        image_id=entry.get("ImageId"),
        weighted=entry.get("WeightedCapacity") not in (None, "", "1"),
        configuration=entry.get("LaunchConfigurationName") or "",
    )


def _target_groups(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Target groups, however they were attached (AttachLoadBalancerTargetGroups, AttachTrafficSources)."""
    sources = (source for source in document.get("TrafficSources") or () if source.get("Type", "elbv2") == "elbv2")
    return tuple(
        dict.fromkeys([*(document.get("TargetGroupARNs") or ()), *(source["Identifier"] for source in sources)])
    )


def _group_template(document: Mapping[str, Any]) -> TemplateRef | None:
    """The template a launch uses: the group's own or its mixed instances policy's."""
    mixed = (document.get("MixedInstancesPolicy") or {}).get("LaunchTemplate") or {}
    return template_ref(document.get("LaunchTemplate") or mixed.get("LaunchTemplateSpecification"))


def template_ref(entry: Mapping[str, Any] | None) -> TemplateRef | None:
    """A LaunchTemplateSpecification. Without a version, AWS takes the default one."""
    if not entry:
        return None
    return TemplateRef(
        entry.get("LaunchTemplateId") or "",
        entry.get("LaunchTemplateName") or "",
        entry.get("Version") or "$Default",
    )
