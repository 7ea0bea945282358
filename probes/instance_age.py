"""How long ago an instance was launched."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict

from controller.domain.model import Signal, Unknown
from controller.domain.ports import Probe, ProbeRequest, ProbeSpec, Resources
from probes._age import age


class InstanceAgeOptions(BaseModel):
    """Nothing to choose: `max_age` says how old is too old."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class InstanceAge:
    """Reads the launch time from the inventory; makes no call of its own.

    Value: seconds from the launch until the moment asked about. Unknown: the platform gives no launch time, or one that
    lies in the future or before there were instances.
    """

    async def read(self, request: ProbeRequest) -> Mapping[str, Signal | Unknown]:
        """One reading per instance."""
        return {
            instance.id: age(
                instance.launched_at,
                request.at,
                date="launch time",
                of=instance.id,
                query=_query(instance.id),
            )
            for instance in request.instances
        }


def _query(instance_id: str) -> str:
    return f"ec2 DescribeInstances {instance_id}" if instance_id.startswith("i-") else f"launch time of {instance_id}"


def _build(_source: object, _platform: object, _resources: Resources) -> Probe:
    return InstanceAge()


PROBE = ProbeSpec(
    name="instance_age",
    options=InstanceAgeOptions,
    build=_build,
    summary="The age of an instance, from its launch time.",
    unit="s",
)
