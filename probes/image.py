"""Whether an instance runs the image that a launch would use now."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict

from controller.domain.model import Group, Instance, Signal, Unknown
from controller.domain.ports import Probe, ProbeRequest, ProbeSpec, Resources
from probes._declared import DRIFTED, compared, untold

UNKNOWN_IMAGE = "unknown"


class ImageOptions(BaseModel):
    """Nothing to choose: a fleet's `drift` says whether it counts."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ImageDrift:
    """Compares what the inventory says of an instance and of its group; makes no call of its own.

    Value: `current`, or `differs: ami-0a, a launch would use ami-0b`. Unknown: the image of the instance, or the one
    that a launch would use now, cannot be told.
    """

    async def read(self, request: ProbeRequest) -> Mapping[str, Signal | Unknown]:
        """One reading per instance, of the moment when the inventory was read."""
        return {
            instance.id: _read(request, instance, request.inventory.group(instance.group))
            for instance in request.instances
        }


def _read(request: ProbeRequest, instance: Instance, group: Group | None) -> Signal | Unknown:
    query = f"the image of {instance.id}, and of a launch in {instance.group}"
    if group is None or group.launch_image is None:
        return untold("which image a launch would use now", query)
    if instance.image.id in ("", UNKNOWN_IMAGE):
        return untold(f"which image {instance.id} runs", query)
    return compared(request, query, instance.image.id, group.launch_image.id)


def _build(_source: object, _platform: object, _resources: Resources) -> Probe:
    return ImageDrift()


PROBE = ProbeSpec(
    name="image",
    options=ImageOptions,
    build=_build,
    summary="Whether an instance runs the image that a launch would use now.",
    threshold=DRIFTED,
)
