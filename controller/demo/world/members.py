"""A member of a group, and the group: moto's own classes, with the life that moto does not give them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from moto.autoscaling.models import FakeAutoScalingGroup, InstanceState
from moto.ec2.models.instances import Instance

from controller.demo.world.activities import Activity, at

MOST_CAUSES = 10
PENDING, IN_SERVICE, TERMINATING = "Pending", "InService", "Terminating"


@dataclass(slots=True)
class Leaving:
    """A termination under way. `gone_at` is known once every target group has let go of the member."""

    activity: Activity
    gone_at: datetime | None = None


class Member(InstanceState):
    """A member that keeps the launch template version, and so the image, that it was born with.

    boots_at: when it will be InService. in_service_at: since when it is. joined: the group has put it into its target
    groups (and does not do so again when somebody takes it out). unhealthy_at, unhealthy_because: when its group called
    it so, and the words of the activity.
    hook_ends_at: when the lifecycle hook it waits for gives up; hook_result: how somebody completed it.
    """

    def __init__(self, instance: Instance, group: "WorldGroup", version: int, *, protected: bool) -> None:
        super().__init__(instance, PENDING, "Healthy", protected, group)
        self.version = version
        self.image_id = instance.image_id
        self.boots_at: datetime | None = None
        self.in_service_at: datetime | None = None
        self.launching: Activity | None = None
        self.leaving: Leaving | None = None
        self.unhealthy_because: str | None = None
        self.unhealthy_at: datetime | None = None
        self.joined = False
        self.hook_ends_at: datetime | None = None
        self.hook_result: str | None = None

    @property
    def launch_template(self) -> dict[str, Any]:
        """The template and the version of this member's birth."""
        template = self.auto_scaling_group.ec2_launch_template
        return {
            "LaunchTemplateId": template.id,
            "LaunchTemplateName": template.name,
            "Version": str(self.version),
        }

    @property
    def launch_configuration_name(self) -> None:
        """None: groups here have launch templates."""
        return

    @property
    def counts(self) -> bool:
        """Whether it counts towards the desired capacity: Terminating and Standby members do not."""
        return self.lifecycle_state == IN_SERVICE or str(self.lifecycle_state).startswith(PENDING)


class WorldGroup(FakeAutoScalingGroup):
    """A group whose desired capacity is a wish: the driver fulfils it, in its own time."""

    capacity_causes: tuple[str, ...] = ()
    """Who changed the desired capacity since the group last acted upon it, in the words of an activity's cause."""

    unhealthy_to_replace = 0
    """How many launches are owed for members that were terminated as unhealthy."""

    rebalances = False
    """Whether it balances its zones by itself (AZRebalance)."""

    balancer: Member | None = None
    """The member that it launched beyond its desired capacity, to balance its zones."""

    def set_desired_capacity(self, new_capacity: int | None) -> None:
        """Note the wish. moto would launch and terminate at once."""
        self.desired_capacity = self.min_size if new_capacity is None else new_capacity

    def change_desired(self, desired: int, cause: str, now: datetime) -> None:
        """Set the desired capacity and remember why, for the activities that follow from it."""
        if desired != self.desired_capacity:
            changing = f"changing the desired capacity from {self.desired_capacity} to {desired}"
            self.capacity_causes = (*self.capacity_causes, at(now, f"{cause} {changing}.  "))[-MOST_CAUSES:]
        self.desired_capacity = desired

    @property
    def members(self) -> list[Member]:
        """The members, in the order of their birth."""
        return [state for state in self.instance_states if isinstance(state, Member)]

    def is_suspended(self, process: str) -> bool:
        """Whether one of the group's processes (`Launch`, `Terminate` ...) is suspended."""
        return any(suspended["ProcessName"] == process for suspended in self.suspended_processes)

    @property
    def subnet_ids(self) -> list[str]:
        """One subnet per zone."""
        return (self.vpc_zone_identifier or "").split(",")

    @property
    def traffic_sources(self) -> list[dict[str, str]]:
        """The target groups, as DescribeAutoScalingGroups names them beside TargetGroupARNs."""
        return [{"Identifier": arn, "Type": "elbv2"} for arn in self.target_group_arns]

    @property
    def availability_zone_distribution(self) -> dict[str, str]:
        """AWS's default: when one zone fails to launch, the others are tried."""
        return {"CapacityDistributionStrategy": "balanced-best-effort"}
