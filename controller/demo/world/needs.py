"""What a call of an AWS API needs to be allowed: the action, the resource, its tags.

From the service authorization reference (https://docs.aws.amazon.com/service-authorization/latest/reference/). Only
what Repave can call is told in full; anything else is about everything (`*`), which a scoped statement does not allow.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.ec2.models import ec2_backends

from controller.demo.world.aliases import ALIAS
from controller.demo.world.balancer import WorldBalancer
from controller.demo.world.iam import Need
from controller.demo.world.requests import AwsRequest
from controller.demo.world.scaling import WorldAutoScaling
from controller.demo.world.table_needs import of_tables

SERVICES = {"monitoring": "cloudwatch", "email": "ses"}
"""Where a signature names a service otherwise than IAM does."""

OBJECTS = {"Get": "s3:GetObject", "Head": "s3:GetObject", "PUT": "s3:PutObject", "DELETE": "s3:DeleteObject"}
Asked = Mapping[str, Any]


class Needs:
    """Knows the resources of the world, and so their names and tags."""

    def __init__(self, scaling: WorldAutoScaling, balancer: WorldBalancer) -> None:
        self._scaling = scaling
        self._balancer = balancer

    def of(self, request: AwsRequest, body: bytes) -> list[Need]:
        """Everything that this call needs, what AWS does in the caller's name included."""
        service = SERVICES.get(request.service, request.service)
        asked = _asked(request, body)
        tellers: dict[str, Callable[[AwsRequest, Asked], list[Need]]] = {
            "autoscaling": self._of_groups,
            "elasticloadbalancing": self._of_target_groups,
            "ec2": _of_templates,
            "logs": _of_log_groups,
            "ssm": _of_parameters,
            "s3": _of_objects,
            "secretsmanager": _of_secrets,
            "dynamodb": _of_tables,
            "sts": _of_roles,
        }
        found = tellers[service](request, asked) if service in tellers else []
        return found or [Need(f"{service}:{request.action}")]

    def _of_groups(self, request: AwsRequest, asked: Asked) -> list[Need]:
        if request.action.startswith("Describe"):
            return []
        groups = self._scaling.groups
        named = asked.get("AutoScalingGroupName")
        who = asked.get("InstanceId")
        found = next((one for one in groups if one.name == named or who in {m.instance_id for m in one.members}), None)
        if found is None:
            return []
        tags = {f"aws:ResourceTag/{tag['Key']}": str(tag["Value"]) for tag in found.tags}
        need = Need(f"autoscaling:{request.action}", found.arn, tags)
        return [need, *_of_launches(request)] if request.action == "LaunchInstances" else [need]

    def _of_target_groups(self, request: AwsRequest, asked: Asked) -> list[Need]:
        arn = asked.get("TargetGroupArn", "")
        if request.action.startswith("Describe") or arn not in self._balancer.target_groups:
            return []
        kept = self._balancer.tagging_service.get_tag_dict_for_resource(arn)
        tags = {f"aws:ResourceTag/{key}": str(value) for key, value in kept.items()}
        return [Need(f"elasticloadbalancing:{request.action}", arn, tags)]


def _asked(request: AwsRequest, body: bytes) -> Asked:
    """The parameters, whole and nested where the protocol nests them."""
    if request.protocol != "json":
        return request.parameters
    try:
        found = json.loads(body or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _of_launches(request: AwsRequest) -> list[Need]:
    """https://docs.aws.amazon.com/autoscaling/ec2/userguide/launching-instances-synchronous-provisioning.html"""
    fleet = f"arn:aws:ec2:{request.region}:{DEFAULT_ACCOUNT_ID}:fleet/fleet-1"
    return [
        Need("ec2:CreateFleet", fleet),
        Need("ec2:DescribeLaunchTemplateVersions"),
        Need("ec2:CreateTags", fleet, {"ec2:CreateAction": "CreateFleet"}),
    ]


def _of_templates(request: AwsRequest, asked: Asked) -> list[Need]:
    """A template's parameter is read in the caller's name, if that is asked for."""
    need = Need(f"ec2:{request.action}")
    if request.action != "DescribeLaunchTemplateVersions" or asked.get("ResolveAlias") != "true":
        return [need]
    templates: Any = ec2_backends[DEFAULT_ACCOUNT_ID][request.region].launch_templates.values()
    named = (asked.get("LaunchTemplateId"), asked.get("LaunchTemplateName"))
    versions = [
        one for template in templates if template.id in named or template.name in named for one in template.versions
    ]
    images = {str(one.image_id) for one in versions}
    aliases = sorted(image.removeprefix(ALIAS) for image in images if image.startswith(ALIAS))
    return [need, *(Need("ssm:GetParameters", _parameter(request, name)) for name in aliases)]


def _of_log_groups(request: AwsRequest, asked: Asked) -> list[Need]:
    """A query is named by its id: GetQueryResults and StopQuery are about no log group."""
    names = [*asked.get("logGroupNames", ()), *asked.get("logGroupIdentifiers", ())]
    names += [asked[key] for key in ("logGroupName", "logGroupIdentifier") if asked.get(key)]
    names = [name.split(":log-group:")[-1].removesuffix(":*") for name in names]
    arn = f"arn:aws:logs:{request.region}:{DEFAULT_ACCOUNT_ID}:log-group:"
    return [Need(f"logs:{request.action}", f"{arn}{name}:*") for name in names]


def _of_parameters(request: AwsRequest, asked: Asked) -> list[Need]:
    name = asked.get("Name", "")
    return [Need(f"ssm:{request.action}", _parameter(request, name))] if name else []


def _parameter(request: AwsRequest, name: str) -> str:
    """AWS's own parameters belong to no account; a version or label after a colon is not part of the name."""
    if name.startswith("arn:"):
        return name
    account = "" if name.startswith("/aws/service/") else DEFAULT_ACCOUNT_ID
    return f"arn:aws:ssm:{request.region}:{account}:parameter/{name.lstrip('/').partition(':')[0]}"


def _of_objects(request: AwsRequest, asked: Asked) -> list[Need]:  # noqa: ARG001 - all tellers are asked alike
    verb, _, path = request.action.partition(" ")
    bucket, _, key = path.lstrip("/").partition("/")
    return [Need(OBJECTS.get(verb, f"s3:{verb}"), f"arn:aws:s3:::{bucket}/{key}")] if key else []


def _of_secrets(request: AwsRequest, asked: Asked) -> list[Need]:
    name = asked.get("SecretId", "")
    arn = f"arn:aws:secretsmanager:{request.region}:{DEFAULT_ACCOUNT_ID}:secret:{name}-AbCdEf"
    return [Need(f"secretsmanager:{request.action}", name if name.startswith("arn:") else arn)] if name else []


def _of_tables(request: AwsRequest, asked: Asked) -> list[Need]:
    return of_tables(request.region, request.action, asked)


def _of_roles(request: AwsRequest, asked: Asked) -> list[Need]:
    return [Need(f"sts:{request.action}", asked["RoleArn"])] if asked.get("RoleArn") else []
