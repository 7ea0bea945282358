"""How old the image is that an instance was started from."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict

from controller.domain.model import Signal, Unknown
from controller.domain.ports import Probe, ProbeRequest, ProbeSpec, Resources
from probes._age import age


class ImageAgeOptions(BaseModel):
    """Nothing to choose: `max_image_age` says how old is too old."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ImageAge:
    """Reads the image's creation date from the inventory; makes no call of its own.

    Value: seconds from the creation of the image until the moment asked about. Unknown: no creation date is known
    (never taken as old), it lies in the future, or it is one that image builders leave when nobody sets a date.
    """

    async def read(self, request: ProbeRequest) -> Mapping[str, Signal | Unknown]:
        """One reading per instance."""
        return {
            instance.id: age(
                instance.image.created_at,
                request.at,
                date="creation date",
                of=instance.image.id,
                query=_query(instance.image.id),
            )
            for instance in request.instances
        }


def _query(image_id: str) -> str:
    return f"ec2 DescribeImages {image_id}" if image_id.startswith("ami-") else f"creation date of {image_id}"


def _build(_source: object, _platform: object, _resources: Resources) -> Probe:
    return ImageAge()


PROBE = ProbeSpec(
    name="image_age",
    options=ImageAgeOptions,
    build=_build,
    summary="The age of the image an instance runs, from the image's creation date.",
    unit="s",
)
