"""Whether a container runs what its image's reference means now: tags move on, and what runs does not."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict

from controller.domain.model import Instance, Inventory, Signal, Unknown
from controller.domain.ports import Probe, ProbeRequest, ProbeSpec, Resources
from probes._declared import DRIFTED, compared, untold

UNKNOWN_IMAGE = "unknown"


class ImageDigestOptions(BaseModel):
    """Nothing to choose: a fleet's `drift` says whether it counts."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ImageDigest:
    """Compares what the inventory says of a container and of a launch in its place; makes no call of its own.

    Value: `current`, or `differs: 0a1b2c3d4e5f, a launch would use 5f4e3d2c1b0a`. Unknown: nobody can tell what the
    reference means now (the image has lost the tag, or the registry that has to be asked cannot be reached).
    """

    async def read(self, request: ProbeRequest) -> Mapping[str, Signal | Unknown]:
        """One reading per instance, of the moment when the inventory was read."""
        return {instance.id: _read(request, request.inventory, instance) for instance in request.instances}


def _read(request: ProbeRequest, inventory: Inventory, instance: Instance) -> Signal | Unknown:
    reference = instance.attributes.get("container.image.name", "")
    query = f"docker ImageInspect {reference or instance.id}"
    launch = inventory.launch_image(instance)
    if launch is None:
        return untold(f"which image {reference or 'the reference'} means now", query)
    if instance.image.id in ("", UNKNOWN_IMAGE):
        return untold(f"which image {instance.id} runs", query)
    return compared(request, query, instance.image.id, launch.id)


def _build(_source: object, _platform: object, _resources: Resources) -> Probe:
    return ImageDigest()


PROBE = ProbeSpec(
    name="image_digest",
    options=ImageDigestOptions,
    build=_build,
    summary="Whether a container runs the image that its reference means now.",
    threshold=DRIFTED,
)
