"""What the load balancers say of an instance."""

from collections.abc import Mapping
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from controller.domain.model import Instance, Inventory, Reading, Signal, Target, Unknown
from controller.domain.policy import AnyOf
from controller.domain.ports import Probe, ProbeRequest, ProbeSpec, Resources


class TargetHealthOptions(BaseModel):
    """Nothing to choose: the load balancers of the fleet's own groups are read."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class TargetHealth:
    """Reads the targets in the inventory; makes no call of its own.

    Value: `unhealthy` when any balancer of its group says so, `healthy` when all of them say so. Unknown: the group has
    no balancer, the instance is not registered in one of them, or one of them calls it initial, draining, unused or
    unavailable, or could not be read.
    """

    async def read(self, request: ProbeRequest) -> Mapping[str, Signal | Unknown]:
        """One reading per instance, of the moment when the inventory was read."""
        measured_at = min(request.inventory.read_at, request.at)
        return {instance.id: _read(instance, request.inventory, measured_at) for instance in request.instances}


def _read(instance: Instance, inventory: Inventory, measured_at: datetime) -> Signal | Unknown:
    group = inventory.group(instance.group)
    expected = group.balancers if group else ()
    registered = {target.balancer for target in instance.targets}
    missing = [Target(balancer, "not registered") for balancer in expected if balancer not in registered]
    targets = [*instance.targets, *missing]
    if not targets:
        return Unknown(f"group {instance.group} serves through no load balancer")
    sick = [target for target in targets if target.state == "unhealthy"]
    if sick:
        return _signal("unhealthy", sick[0], measured_at)
    unclear = next((target for target in targets if target.state != "healthy"), None)
    if unclear is None:
        return _signal("healthy", targets[0], measured_at)
    why = f" ({unclear.reason})" if unclear.reason else ""
    return Unknown(f"{unclear.state} in {_short(unclear.balancer)}{why}", _query(unclear))


def _signal(word: str, target: Target, measured_at: datetime) -> Signal:
    why = f" ({target.reason})" if target.reason else ""
    return Signal((Reading(word, measured_at),), f"{_query(target)}{why}")


def _query(target: Target) -> str:
    is_target_group = target.balancer.startswith("arn:")
    return f"elbv2 DescribeTargetHealth {target.balancer}" if is_target_group else f"targets of {target.balancer}"


def _short(balancer: str) -> str:
    """A target group by its name instead of its ARN, which ends in `:targetgroup/NAME/ID`."""
    _, marker, tail = balancer.partition(":targetgroup/")
    return f"target group {tail.partition('/')[0]}" if marker else balancer


def _build(_source: object, _platform: object, _resources: Resources) -> Probe:
    return TargetHealth()


PROBE = ProbeSpec(
    name="target_health",
    options=TargetHealthOptions,
    build=_build,
    summary="Whether the load balancers' health checks pass for an instance.",
    threshold=AnyOf(("unhealthy",)),
)
