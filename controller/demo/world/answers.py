"""Operations that moto answers wrongly or not at all, answered from what the driver knows.

Each is a method put onto one of moto's response classes, which parse the request and serialise the result by botocore's
own service models; the shapes on the wire are therefore AWS's.
"""

from collections.abc import Callable
from typing import Any

from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult, BaseResponse
from moto.ec2.models.instances import Instance
from moto.ec2.responses import EC2Response

from controller.demo.scenario import StatusCheck
from controller.demo.world.activities import newest_first
from controller.demo.world.conditions import Conditions
from controller.demo.world.scaling import WorldAutoScaling

REACHABILITY = {
    StatusCheck.OK: "passed",
    StatusCheck.IMPAIRED: "failed",
    StatusCheck.INSUFFICIENT_DATA: "insufficient-data",
    StatusCheck.INITIALIZING: "initializing",
}
"""The detail behind each summary: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceStatusDetails.html"""


def install_answers(scaling: WorldAutoScaling) -> None:
    """Put the operations onto moto's response classes."""
    conditions = scaling.conditions

    def describe_scaling_activities(response: AutoScalingResponse) -> ActionResult:
        name, ids = _parameter(response, "AutoScalingGroupName"), _parameter(response, "ActivityIds", [])
        found = [
            one
            for one in newest_first(scaling.activities)
            if (not name or one.auto_scaling_group_name == name) and (not ids or one.activity_id in ids)
        ]
        return _page(response, "Activities", found, "MaxRecords", 100)

    def describe_instance_refreshes(response: AutoScalingResponse) -> ActionResult:
        name = _parameter(response, "AutoScalingGroupName")
        scaling.group_named(name)
        refresh = conditions.refreshes.get(name)
        refreshes = []
        if refresh is not None:
            status, began_at = refresh
            identity = {"InstanceRefreshId": f"refresh-{name}", "AutoScalingGroupName": name}
            refreshes = [{**identity, "Status": status, "StartTime": began_at}]
        return ActionResult({"InstanceRefreshes": refreshes})

    def describe_warm_pool(response: AutoScalingResponse) -> ActionResult:
        group = scaling.group_named(_parameter(response, "AutoScalingGroupName"))
        pool = {"WarmPoolConfiguration": group.warm_pool} if group.warm_pool else {}
        return ActionResult({**pool, "Instances": []})

    def describe_instance_status(response: EC2Response) -> ActionResult:
        found = [
            _status_of(instance, scaling, conditions)
            for instance in _instances_asked_for(response, running_only=True)
            if conditions.status_checks.get(instance.id, (None,))[0] is not StatusCheck.NOT_REPORTED
        ]
        return _page(response, "InstanceStatuses", found, "MaxResults", 1000)

    def describe_instance_image_metadata(response: EC2Response) -> ActionResult:
        found = [_image_of(instance, conditions) for instance in _instances_asked_for(response, running_only=False)]
        return _page(response, "InstanceImageMetadata", found, "MaxResults", 1000)

    operations: list[tuple[type[BaseResponse], Callable[..., ActionResult]]] = [
        (AutoScalingResponse, describe_scaling_activities),
        (AutoScalingResponse, describe_instance_refreshes),
        (AutoScalingResponse, describe_warm_pool),
        (EC2Response, describe_instance_status),
        (EC2Response, describe_instance_image_metadata),
    ]
    for response_class, operation in operations:
        setattr(response_class, operation.__name__, operation)


def _parameter(response: BaseResponse, name: str, default: Any = None) -> Any:
    """A parameter of the request, as botocore's model types it."""
    return response._get_param(name, default)  # noqa: SLF001 - the only way moto's operations read their parameters


def _page(response: BaseResponse, key: str, found: list[Any], limit_name: str, limit: int) -> ActionResult:
    """One page of a list; the token is the place where the next page starts."""
    start = int(_parameter(response, "NextToken", 0))
    end = start + int(_parameter(response, limit_name, limit))
    following = {"NextToken": str(end)} if end < len(found) else {}
    return ActionResult({key: found[start:end], **following})


def _instances_asked_for(response: EC2Response, *, running_only: bool) -> list[Instance]:
    ids = _parameter(response, "InstanceIds", [])
    if ids:
        found: list[Instance] = response.ec2_backend.get_multi_instances_by_id(ids)
    else:
        filters = response._filters_from_querystring()  # noqa: SLF001 - as above
        reservations = response.ec2_backend.all_reservations(filters or None)
        found = [instance for reservation in reservations for instance in reservation.instances]
    if running_only and not _parameter(response, "IncludeAllInstances", False):
        return [instance for instance in found if instance.state == "running"]
    return found


def _state_of(instance: Instance) -> dict[str, Any]:
    return {"Code": instance.state_code, "Name": instance.state}


def _status_of(instance: Instance, scaling: WorldAutoScaling, conditions: Conditions) -> dict[str, Any]:
    """System and EBS checks pass whenever there is anything to check; faults are the instance's own."""
    if instance.state != "running":
        check, since = None, None
    else:
        by_age = StatusCheck.INITIALIZING if scaling.is_new(instance.id) else StatusCheck.OK
        check, since = conditions.status_checks.get(instance.id, (by_age, None))
    impaired_since = {"ImpairedSince": since} if check is StatusCheck.IMPAIRED else {}
    own = _summary(check, impaired_since)
    others = _summary(check if check in (None, StatusCheck.INITIALIZING) else StatusCheck.OK, {})
    return {
        "InstanceId": instance.id,
        "AvailabilityZone": instance.availability_zone,
        "InstanceState": _state_of(instance),
        "InstanceStatus": own,
        "SystemStatus": others,
        "AttachedEbsStatus": others,
        "Events": [],
    }


def _summary(check: StatusCheck | None, extra: dict[str, Any]) -> dict[str, Any]:
    if check is None:
        return {"Status": "not-applicable"}
    return {
        "Status": str(check),
        "Details": [{"Name": "reachability", "Status": REACHABILITY[check], **extra}],
    }


def _image_of(instance: Instance, conditions: Conditions) -> dict[str, Any]:
    image = instance.ec2_backend.amis.get(instance.image_id)
    known = image is not None and instance.image_id not in conditions.undated_images
    created = {"CreationDate": f"{image.creation_date:%Y-%m-%dT%H:%M:%S.000Z}", "Name": image.name} if known else {}
    return {
        "InstanceId": instance.id,
        "InstanceType": instance.instance_type,
        "LaunchTime": instance.launch_time,
        "AvailabilityZone": instance.availability_zone,
        "State": _state_of(instance),
        "OwnerId": instance.owner_id,
        "Tags": instance.get_tags(),
        "ImageMetadata": {
            "ImageId": instance.image_id,
            "OwnerId": instance.owner_id,
            "State": "available" if known else "deregistered",
            "ImageAllowed": True,
            "IsPublic": False,
            **created,
        },
    }
