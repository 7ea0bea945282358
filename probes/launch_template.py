"""Whether an instance was born of the launch template, and of its version, that a launch would use now."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict

from controller.domain.model import Group, Instance, Signal, Unknown
from controller.domain.ports import Probe, ProbeRequest, ProbeSpec, Resources
from probes._declared import DRIFTED, compared, untold


class LaunchTemplateOptions(BaseModel):
    """Nothing to choose: a fleet's `drift` says whether it counts."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class LaunchTemplate:
    """Compares what the inventory says of an instance and of its group; makes no call of its own.

    Value: `current`, or `differs: version 3, a launch would use version 5`, with the templates named where they are
    two, and `launch configuration NAME` for an instance that was born of one. Unknown: the group does not say what the
    instance was born of (it was attached, say), or what a launch would use now cannot be told.
    """

    async def read(self, request: ProbeRequest) -> Mapping[str, Signal | Unknown]:
        """One reading per instance, of the moment when the inventory was read."""
        return {
            instance.id: _read(request, instance, request.inventory.group(instance.group))
            for instance in request.instances
        }


def _read(request: ProbeRequest, instance: Instance, group: Group | None) -> Signal | Unknown:
    template, version = _born_of(group.attributes if group else {})
    if not template or not version:
        return untold("which launch template a launch would use now")
    query = f"ec2 DescribeLaunchTemplateVersions {template}, autoscaling DescribeAutoScalingGroups {instance.group}"
    configuration = instance.attributes.get("launch_configuration")
    if configuration:
        return compared(request, query, f"launch configuration {configuration}", f"version {version} of {template}")
    born_template, born_version = _born_of(instance.attributes)
    if not born_template or not born_version:
        return untold(f"which launch template {instance.id} was born of", query)
    if born_template != template:
        was, would_be = f"version {born_version} of {born_template}", f"version {version} of {template}"
        return compared(request, query, was, would_be)
    return compared(request, query, f"version {born_version}", f"version {version}")


def _born_of(attributes: Mapping[str, str]) -> tuple[str, str]:
    """The template's id, and the number of the version: `$Latest` and `$Default` mean another one each time."""
    version = attributes.get("launch_template_version", "")
    return attributes.get("launch_template_id", ""), version if version.isdecimal() else ""


def _build(_source: object, _platform: object, _resources: Resources) -> Probe:
    return LaunchTemplate()


PROBE = ProbeSpec(
    name="launch_template",
    options=LaunchTemplateOptions,
    build=_build,
    summary="Whether an instance was born of the launch template version that a launch would use now.",
    threshold=DRIFTED,
)
