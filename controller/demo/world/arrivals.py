"""How a group gets members: a zone is chosen, an instance starts and boots, and goes into the target groups."""

from collections import Counter
from datetime import datetime, timedelta

from moto.ec2.models import EC2Backend
from moto.ec2.models.instances import Instance
from moto.ec2.models.subnets import Subnet
from moto.moto_api._internal import mock_random

from controller.demo.world.activities import NO_CAPACITY, Activity, place
from controller.demo.world.aliases import named_image
from controller.demo.world.balancer import WorldBalancer
from controller.demo.world.conditions import Conditions
from controller.demo.world.hooks import Hooks
from controller.demo.world.members import IN_SERVICE, PENDING, Member, WorldGroup

ABANDONED = "a lifecycle hook that was abandoned"


class Arrivals:
    """Launches members and sees them through to InService. One per region, used under the world's lock."""

    def __init__(self, ec2: EC2Backend, balancer: WorldBalancer, conditions: Conditions, hooks: Hooks) -> None:
        self._ec2 = ec2
        self._hooks = hooks
        self._balancer = balancer
        self._conditions = conditions

    def launch(self, group: WorldGroup, cause: str, now: datetime, zone: str | None = None) -> Activity:
        """Start one instance in this zone, or in the one that has the fewest members; of equals, chance picks.

        The activity is Failed, and nothing started, while the group's capacity is exhausted.
        """
        subnet = self._choose_subnet(group, zone)
        activity = Activity(
            auto_scaling_group_name=group.name,
            description="Launching a new EC2 instance",
            cause=cause,
            start_time=now,
            details=place(subnet.id, subnet.availability_zone),
        )
        if group.name in self._conditions.exhausted_groups:
            activity.status_message = NO_CAPACITY.format(
                instance_type=group.instance_type, zone=subnet.availability_zone
            )
            activity.finish(now, "Failed")
            self._conditions.emit("launch_failed", group=group.name)
            return activity
        member = self.start_member(group, self._wanted_version(group), subnet.id)
        activity.description += f": {member.instance_id}"
        member.launching = activity
        member.boots_at = now + timedelta(seconds=self._conditions.timings.boot_seconds)
        self._conditions.emit(
            "launched",
            group=group.name,
            instance=member.instance_id,
            zone=member.availability_zone,
            version=member.version,
            cause=cause,
        )
        return activity

    def start_member(self, group: WorldGroup, version: int, subnet_id: str) -> Member:
        """Start an instance of one version of the group's template: a Pending member without a boot time."""
        template = group.ec2_launch_template
        if template is None:
            raise NotImplementedError("groups without a launch template")
        born_of = template.get_version(version)
        reservation = self._ec2.run_instances(
            named_image(born_of.image_id, self._ec2.account_id, self._ec2.region_name),
            1,
            born_of.user_data,
            born_of.security_groups,
            instance_type=group.instance_type,
            is_instance_type_default=False,
            launch_template={"LaunchTemplateId": template.id, "Version": version},
            subnet_id=subnet_id,
            associate_public_ip=False,
            region_name=group.region,
            tags={"instance": {**group.get_propagated_tags(), "aws:autoscaling:groupName": group.name}},
        )
        instance = reservation.instances[0]
        instance.launch_time = self._conditions.time.now().replace(tzinfo=None)
        set_instance_state(instance, "pending", 0)
        member = Member(instance, group, version, protected=bool(group.new_instances_protected_from_scale_in))
        group.instance_states.append(member)
        return member

    def progress(self, group: WorldGroup, now: datetime) -> None:
        """Put into service whoever has booted, and into or out of the target groups whom it concerns."""
        for member in group.members:
            self._admit(group, member, now)
            if member.lifecycle_state == IN_SERVICE and not member.joined:
                self._join(group, member)
            elif member.lifecycle_state != IN_SERVICE and member.leaving is None and member.joined:
                self.leave_target_groups(group, member)

    def _admit(self, group: WorldGroup, member: Member, now: datetime) -> None:
        """Put a booted member into service once its hook lets it in; one that was given up is unhealthy."""
        booted = member.boots_at is not None and member.boots_at <= now
        if not booted or not str(member.lifecycle_state).startswith(PENDING) or member.health_status != "Healthy":
            return
        may = self._hooks.let_in(group, member, now)
        if may:
            self.put_into_service(member, now)
            self._conditions.emit("in_service", group=group.name, instance=member.instance_id)
        elif may is False:
            member.health_status, member.unhealthy_because = "Unhealthy", ABANDONED

    def put_into_service(self, member: Member, now: datetime) -> None:
        """End the boot: the instance runs, the member is InService, the launch was a success."""
        set_instance_state(member.instance, "running", 16)
        member.lifecycle_state = IN_SERVICE
        member.in_service_at = now
        if member.launching is not None:
            member.launching.finish(now)

    def leave_target_groups(self, group: WorldGroup, member: Member) -> None:
        """Deregister a member from each of the group's target groups."""
        for arn in group.target_group_arns:
            self._balancer.deregister_targets(arn, [{"Id": member.instance_id}])
        member.joined = False

    def _join(self, group: WorldGroup, member: Member) -> None:
        if group.is_suspended("AddToLoadBalancer") or member.instance.state != "running":
            return
        for arn in group.target_group_arns:
            self._balancer.register_targets(arn, [{"Id": member.instance_id}])
        member.joined = True

    def zones(self, group: WorldGroup) -> list[str]:
        """The zones that the group has subnets in."""
        return [subnet.availability_zone for subnet in self._ec2.describe_subnets(subnet_ids=group.subnet_ids)]

    def _choose_subnet(self, group: WorldGroup, zone: str | None) -> Subnet:
        subnets = self._ec2.describe_subnets(subnet_ids=group.subnet_ids)
        if zone is not None:
            subnets = [subnet for subnet in subnets if subnet.availability_zone == zone]
        present = Counter(member.availability_zone for member in group.members if member.counts)
        fewest = min(present[subnet.availability_zone] for subnet in subnets)
        candidates = [subnet for subnet in subnets if present[subnet.availability_zone] == fewest]
        return mock_random.choice(sorted(candidates, key=lambda subnet: subnet.availability_zone))

    @staticmethod
    def _wanted_version(group: WorldGroup) -> int:
        template = group.ec2_launch_template
        if template is None:
            raise NotImplementedError("groups without a launch template")
        return template.get_version(group.launch_template_version).number


def set_instance_state(instance: Instance, name: str, code: int) -> None:
    """Set the state that EC2 reports of an instance."""
    instance.instance_state.name, instance.instance_state.code = name, code
