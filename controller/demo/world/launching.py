"""LaunchInstances, which moto does not serve: synchronous, in the zone that is asked for, idempotent by its token.

After https://docs.aws.amazon.com/autoscaling/ec2/userguide/launch-instances-synchronously; where that is silent this is
a guess, listed in docs/unproven.md.
"""

from typing import Any

from moto.autoscaling.exceptions import AutoscalingClientError, ValidationError
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult

from controller.demo.world.activities import at
from controller.demo.world.members import WorldGroup
from controller.demo.world.scaling import WorldAutoScaling

SYNCHRONOUS = "a user request launched an instance with LaunchInstances"


class IdempotentParameterMismatch(AutoscalingClientError):
    """The token was used for something else."""

    code = "IdempotentParameterMismatch"


def install_launching(scaling: WorldAutoScaling) -> None:
    """Put the operation onto moto's response class."""
    answered: dict[tuple[str, str], tuple[tuple[Any, ...], dict[str, Any]]] = {}

    def launch_instances(response: AutoScalingResponse) -> ActionResult:
        def asked(name: str, default: Any = None) -> Any:
            return response._get_param(name, default)  # noqa: SLF001 - as moto's own operations read parameters

        group, token = scaling.group_named(asked("AutoScalingGroupName")), asked("ClientToken")
        zones, count = asked("AvailabilityZones", []), int(asked("RequestedCapacity"))
        request = (count, tuple(zones), asked("RetryStrategy"))
        before = answered.get((group.name, token))
        if before is not None:
            if before[0] != request:
                raise IdempotentParameterMismatch(f"{token} was used with other parameters.")
            return ActionResult(before[1])
        answer = _launch(scaling, group, count, _zone(group, scaling, zones))
        if answer["Instances"]:
            answered[(group.name, token)] = (request, answer | {"ClientToken": token})
        return ActionResult(answer | {"ClientToken": token})

    setattr(AutoScalingResponse, launch_instances.__name__, launch_instances)


def _zone(group: WorldGroup, scaling: WorldAutoScaling, zones: list[str]) -> str:
    """The zone that is asked for; a group of one zone need not be asked for it."""
    known = [subnet.availability_zone for subnet in scaling.ec2_backend.describe_subnets(subnet_ids=group.subnet_ids)]
    if not zones and len(known) == 1:
        return str(known[0])
    if len(zones) != 1 or zones[0] not in known:
        raise ValidationError(f"AvailabilityZones must name one of {', '.join(sorted(known))}.")
    return str(zones[0])


def _launch(scaling: WorldAutoScaling, group: WorldGroup, count: int, zone: str) -> dict[str, Any]:
    before = int(group.desired_capacity or 0)
    if before + count > int(group.max_size or 0):
        raise ValidationError(f"The group would exceed its maximum size of {group.max_size}.")
    now, ids, errors = scaling.conditions.time.now(), [], []
    for _ in range(count):
        activity = scaling.arrivals.launch(group, at(now, SYNCHRONOUS) + ".", now, zone)
        scaling.activities.append(activity)
        if activity.status_code == "Failed":
            told = {"ErrorCode": "InsufficientInstanceCapacity", "ErrorMessage": activity.status_message}
            errors.append({"InstanceType": group.instance_type, "AvailabilityZone": zone, **told})
            continue
        ids.append(group.members[-1].instance_id)
    if group.name not in scaling.conditions.launching_without_wish:
        group.desired_capacity = before + len(ids)
    about = {"InstanceType": group.instance_type, "AvailabilityZone": zone, "MarketType": "OnDemand"}
    launched = [{**about, "InstanceIds": ids}] if ids else []
    return {"AutoScalingGroupName": group.name, "Instances": launched, "Errors": errors}
