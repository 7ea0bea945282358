"""Turns a scenario into records of moto: network, images, launch template, balancers, group and members."""

from collections.abc import Sequence
from datetime import timedelta
from math import ceil

from moto.ec2.models import EC2Backend

from controller.demo.scenario import GroupSpec, ImageSpec, MemberSpec, StatusCheck, TargetState
from controller.demo.world.balancer import WorldBalancer
from controller.demo.world.conditions import Conditions
from controller.demo.world.hooks import LAUNCHING, TERMINATING_HOOK
from controller.demo.world.members import WorldGroup
from controller.demo.world.scaling import WorldAutoScaling


class Seeding:
    """Creates groups that look as if they had existed for long. Used before the world is served."""

    def __init__(
        self, ec2: EC2Backend, balancer: WorldBalancer, scaling: WorldAutoScaling, conditions: Conditions
    ) -> None:
        self._ec2 = ec2
        self._balancer = balancer
        self._scaling = scaling
        self._conditions = conditions
        self._vpc_id = ec2.create_vpc("10.0.0.0/16").id
        self._subnets: dict[str, str] = {}

    def create(self, spec: GroupSpec) -> None:
        """Create one group with all that it stands on."""
        subnet_ids = [self._subnet_in(zone) for zone in spec.zones]
        template_id = self._create_template(spec)
        group = self._scaling.create_auto_scaling_group(
            name=spec.name,
            availability_zones=[],
            desired_capacity=len(spec.members),
            max_size=spec.maximum,
            min_size=spec.minimum,
            launch_config_name="",
            launch_template={"LaunchTemplateId": template_id, "Version": spec.template_version},
            vpc_zone_identifier=",".join(subnet_ids),
            default_cooldown=None,
            health_check_period=spec.health_check_grace_seconds,
            health_check_type=spec.health_check,
            load_balancers=[],
            target_group_arns=self._create_target_groups(spec, subnet_ids),
            placement_group=None,
            termination_policies=[],
            tags=[{"Key": key, "Value": value, "PropagateAtLaunch": True} for key, value in spec.tags.items()],  # type: ignore[dict-item]
            new_instances_protected_from_scale_in=spec.new_members_protected,
        )
        assert isinstance(group, WorldGroup)
        group.health_check_grace_period = spec.health_check_grace_seconds
        group.created_time = (self._conditions.time.now() - timedelta(days=120)).isoformat()
        for member in spec.members:
            self._create_member(group, member)
        self._set_conditions(group, spec)

    def _set_conditions(self, group: WorldGroup, spec: GroupSpec) -> None:
        self._conditions.emits[group.name] = spec.emits
        self._conditions.fleet_metrics += spec.fleet_metrics
        if spec.suspended_processes:
            self._scaling.suspend_processes(group.name, list(spec.suspended_processes))
        group.rebalances = spec.rebalances
        for number, hook in enumerate(spec.hooks, 1):
            transition = LAUNCHING if hook.on == "launch" else TERMINATING_HOOK
            name = f"hook-{number}"
            self._scaling.create_lifecycle_hook(name, group.name, transition, int(hook.seconds), hook.result)
        if spec.warm_pool:
            self._scaling.put_warm_pool(group.name, None, 0, "Stopped", None)
        if spec.instance_refresh:
            self._conditions.refreshes[group.name] = (spec.instance_refresh, self._conditions.time.now())

    def _subnet_in(self, zone: str) -> str:
        if zone not in self._subnets:
            block = f"10.0.{len(self._subnets) * 16}.0/20"
            self._subnets[zone] = self._ec2.create_subnet(self._vpc_id, block, availability_zone=zone).id
        return self._subnets[zone]

    def _create_template(self, spec: GroupSpec) -> str:
        images = [self._create_image(f"{spec.name}-{number}", image) for number, image in enumerate(spec.images, 1)]
        data = [{"ImageId": image, "InstanceType": spec.instance_type} for image in images]
        template = self._ec2.create_launch_template(spec.name, "version 1", data[0], {})
        for number, version in enumerate(data[1:], 2):
            template.create_version(version, f"version {number}")
        template.default_version_number = spec.default_version
        return template.id

    def _create_image(self, name: str, spec: ImageSpec) -> str:
        image = self._ec2.register_image(name, f"{name}, made for the demo world")
        if spec.created_days_ago is None:
            self._conditions.undated_images.add(image.id)
            del self._ec2.amis[image.id]
        else:
            created_at = self._conditions.time.now() - timedelta(days=spec.created_days_ago)
            image.creation_date = created_at.replace(tzinfo=None, microsecond=0)
        self._conditions.emits[image.id] = spec.emits
        if not spec.passes_checks:
            self._conditions.failing_images.add(image.id)
        return image.id

    def _create_target_groups(self, spec: GroupSpec, subnet_ids: Sequence[str]) -> list[str]:
        arns = []
        for number in range(1, spec.target_groups + 1):
            name = f"{spec.name}-{number}"
            target_group = self._balancer.create_target_group(
                name, protocol="HTTP", port=80, vpc_id=self._vpc_id, target_type="instance"
            )
            self._balancer.add_tags([target_group.arn], [{"Key": k, "Value": v} for k, v in spec.tags.items()])
            delay_seconds = ceil(self._conditions.timings.drain_seconds)
            target_group.attributes["deregistration_delay.timeout_seconds"] = delay_seconds
            load_balancer = self._balancer.create_load_balancer(name, [], list(subnet_ids))
            forward = [{"Type": "forward", "TargetGroupArn": target_group.arn}]
            self._balancer.create_listener(load_balancer.arn, "HTTP", "80", "", None, forward)
            arns.append(target_group.arn)
        return arns

    def _create_member(self, group: WorldGroup, spec: MemberSpec) -> None:
        member = self._scaling.arrivals.start_member(group, spec.version, self._subnets[spec.zone])
        born_at = self._conditions.time.now() - timedelta(days=spec.age_days)
        member.instance.launch_time = born_at.replace(tzinfo=None, microsecond=0)
        self._scaling.arrivals.put_into_service(
            member, min(born_at, self._conditions.time.now() - timedelta(minutes=10))
        )
        member.protected_from_scale_in = spec.protected
        self._conditions.emits[member.instance_id] = spec.emits
        member.joined = True
        for arn in group.target_group_arns:
            self._balancer.register_targets(arn, [{"Id": member.instance_id}])
            self._balancer.settle_target(arn, member.instance_id)
        if spec.target is not TargetState.HEALTHY:
            self._conditions.target_faults[member.instance_id] = spec.target
        if spec.status is not StatusCheck.OK:
            self._conditions.status_checks[member.instance_id] = (spec.status, self._conditions.time.now())
