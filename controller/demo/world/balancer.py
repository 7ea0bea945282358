"""Elastic Load Balancing with time in it: targets are initial, then healthy; draining, then unused."""

from datetime import UTC, datetime, timedelta
from typing import Any

from moto.ec2.models.instances import Instance
from moto.elbv2 import urls
from moto.elbv2.exceptions import TargetGroupNotFoundError
from moto.elbv2.models import ELBv2Backend, FakeHealthStatus, FakeTargetGroup

from controller.demo.scenario import TargetState
from controller.demo.world.conditions import Conditions

Health = tuple[str, str | None, str | None]
"""State, reason and description, as in https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html"""

HEALTHY: Health = ("healthy", None, None)
NOT_REGISTERED: Health = ("unused", "Target.NotRegistered", "Target is not registered to the target group")
NOT_IN_USE: Health = (
    "unused",
    "Target.NotInUse",
    "Target group is not configured to receive traffic from the load balancer",
)
REGISTERING: Health = ("initial", "Elb.RegistrationInProgress", "Target registration is in progress")
FIRST_CHECKS: Health = ("initial", "Elb.InitialHealthChecking", "Initial health checks in progress")
DRAINING: Health = ("draining", "Target.DeregistrationInProgress", "Target deregistration is in progress")
FAILED_CHECKS: Health = ("unhealthy", "Target.FailedHealthChecks", "Health checks failed")
FAULTS: dict[TargetState, Health] = {
    TargetState.UNHEALTHY: (
        "unhealthy",
        "Target.ResponseCodeMismatch",
        "Health checks failed with these codes: [503]",
    ),
    TargetState.INITIAL: FIRST_CHECKS,
    TargetState.UNAVAILABLE: (
        "unavailable",
        "Elb.InternalError",
        "Load balancer reported an internal error",
    ),
}


class WorldBalancer(ELBv2Backend):
    """moto's load balancers, except that registering and deregistering take their time."""

    def __init__(self, region_name: str, account_id: str, conditions: Conditions) -> None:
        super().__init__(region_name, account_id)
        self._conditions = conditions
        self._registered_at: dict[tuple[str, str], datetime] = {}
        self._drained_at: dict[tuple[str, str], datetime] = {}
        self._instances: dict[str, Instance] = {}

    @property
    def _url_module(self) -> Any:
        return urls

    def register_targets(self, target_group_arn: str, instances: list[Any]) -> None:
        """Register; a target that is registered already keeps its health, one that was draining starts afresh."""
        known = set(self._group(target_group_arn).targets)
        super().register_targets(target_group_arn, instances)
        for target in instances:
            if target["Id"] not in known:
                self._registered_at[target_group_arn, target["Id"]] = self._conditions.time.now()
                self._drained_at.pop((target_group_arn, target["Id"]), None)

    def settle_target(self, target_group_arn: str, instance_id: str) -> None:
        """Let a registered target's first checks lie in the past."""
        self._registered_at[target_group_arn, instance_id] = datetime.min.replace(tzinfo=UTC)

    def deregister_targets(self, target_group_arn: str, instances: list[dict[str, Any]]) -> None:
        """Start draining. A target that is not registered, or drains already, is passed over without an error."""
        targets = self._group(target_group_arn).targets
        drained_at = self._conditions.time.now() + timedelta(seconds=self._conditions.timings.drain_seconds)
        for target in instances:
            if targets.pop(target["Id"], None) is not None:
                self._drained_at[target_group_arn, target["Id"]] = drained_at

    def describe_target_health(self, target_group_arn: str, targets: list[dict[str, Any]]) -> list[FakeHealthStatus]:
        """Without `targets`: the registered ones and those still draining."""
        group = self._group(target_group_arn)
        asked = [target["Id"] for target in targets] or [*group.targets, *self._still_draining(group)]
        port = str(group.port) if group.health_check_port == "traffic-port" else group.health_check_port
        return [FakeHealthStatus(id_, group.port, port, *self.health(group, id_)) for id_ in asked]

    def notify_terminate_instances(self, instance_ids: list[str]) -> None:
        """Nothing yet: the group takes a dead member's targets out when it notices."""

    def health(self, group: FakeTargetGroup, instance_id: str) -> Health:
        """What the target group says of one instance now."""
        key = (group.arn, instance_id)
        if instance_id not in group.targets:
            drained_at = self._drained_at.get(key)
            return DRAINING if drained_at is not None and self._conditions.time.now() < drained_at else NOT_REGISTERED
        if not group.load_balancer_arns:
            return NOT_IN_USE
        instance = self._instance(instance_id)
        if instance is None or instance.state != "running":
            state = "terminated" if instance is None else instance.state
            return ("unused", "Target.InvalidState", f"Target is in the {state} state")
        return self._checked(instance, self._registered_at[key])

    def states(self, arns: list[str], instance_id: str) -> dict[str, str]:
        """The state of one instance in each of several target groups, by ARN."""
        return {arn: self.health(self._group(arn), instance_id)[0] for arn in arns}

    def _instance(self, instance_id: str) -> Instance | None:
        """Moto looks through all reservations for an id; the driver asks for every member at every tick."""
        if instance_id not in self._instances:
            found = self.ec2_backend.get_instance_by_id(instance_id)
            if found is None:
                return None
            self._instances[instance_id] = found
        return self._instances[instance_id]

    def _checked(self, instance: Instance, registered_at: datetime) -> Health:
        fault = self._conditions.target_faults.get(instance.id)
        if fault is not None:
            return FAULTS[fault]
        health_seconds = self._conditions.timings.health_seconds
        registered_seconds = (self._conditions.time.now() - registered_at).total_seconds()
        if registered_seconds < health_seconds:
            return REGISTERING if registered_seconds < health_seconds / 2 else FIRST_CHECKS
        return FAILED_CHECKS if instance.image_id in self._conditions.failing_images else HEALTHY

    def _group(self, arn: str) -> FakeTargetGroup:
        group = self.target_groups.get(arn)
        if group is None:
            raise TargetGroupNotFoundError
        return group

    def _still_draining(self, group: FakeTargetGroup) -> list[str]:
        now = self._conditions.time.now()
        return [
            instance_id
            for (arn, instance_id), drained_at in self._drained_at.items()
            if arn == group.arn and drained_at > now and instance_id not in group.targets
        ]
