"""What EC2's own status checks say of an instance."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

from controller.clients.aws import Aws, AwsScope
from controller.domain.errors import Gone
from controller.domain.model import Reading, Signal, Unknown
from controller.domain.policy import AnyOf
from controller.domain.ports import Probe, ProbeRequest, ProbeSpec, Resources

BATCH = 100
"""DescribeInstanceStatus takes at most 100 explicit ids."""

CHECKS = {"SystemStatus": "system", "InstanceStatus": "instance", "AttachedEbsStatus": "attached EBS"}
OPTIONAL = "AttachedEbsStatus"
"""Only Nitro instances have this check; elsewhere it is absent or not-applicable."""


class Ec2StatusOptions(BaseModel):
    """Nothing to choose: all three status checks are read."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Ec2Status:
    """Asks DescribeInstanceStatus once for the whole fleet (per 100 instances), in its inventory's region and role.

    Value: `impaired` when the system, instance or attached-EBS check says so, `ok` when all of them are ok. Unknown: a
    check is initializing, has insufficient data or does not apply (a stopped instance), or EC2 has no row for the
    instance. Scheduled events (retirement, reboot) condemn nobody.
    """

    def __init__(self, aws: Aws, external_id: str | None) -> None:
        self._aws = aws
        self._external_id = external_id

    async def read(self, request: ProbeRequest) -> Mapping[str, Signal | Unknown]:
        """One reading per instance. Raises PlatformError when EC2 cannot be asked: a part is never the whole."""
        scope = AwsScope.of(request.inventory.scope, self._external_id)
        ids = [instance.id for instance in request.instances]
        found: dict[str, Signal | Unknown] = {instance_id: _absent(instance_id) for instance_id in ids}
        for start in range(0, len(ids), BATCH):
            for row in await self._rows(scope, ids[start : start + BATCH]):
                if row.get("InstanceId") in found:
                    found[row["InstanceId"]] = _read(row, request)
        return found

    async def _rows(self, scope: AwsScope, ids: list[str]) -> Iterable[Mapping[str, Any]]:
        """The rows of up to 100 instances. One id that EC2 does not know fails the whole call: it is left out."""
        try:
            return await self._ask(scope, ids)
        except Gone as error:
            gone = set(re.findall(r"\bi-[0-9a-f]+\b", str(error))) & set(ids)
            if not gone:
                raise
            left = [instance_id for instance_id in ids if instance_id not in gone]
            return await self._rows(scope, left) if left else ()

    async def _ask(self, scope: AwsScope, ids: list[str]) -> list[Mapping[str, Any]]:
        pages = self._aws.pages(scope, "ec2", "DescribeInstanceStatus", InstanceIds=ids, IncludeAllInstances=True)
        return [row async for page in pages for row in page.get("InstanceStatuses", ())]


def _read(row: Mapping[str, Any], request: ProbeRequest) -> Signal | Unknown:
    query = _query(row["InstanceId"])
    words = {check: str((row.get(check) or {}).get("Status", "absent")) for check in CHECKS}
    impaired = [CHECKS[check] for check, word in words.items() if word == "impaired"]
    if impaired:
        return Signal((Reading("impaired", request.at),), f"{query} ({' and '.join(impaired)} check impaired)")
    unclear = next(_unclear(words), None)
    if unclear is None:
        return Signal((Reading("ok", request.at),), query)
    state = str((row.get("InstanceState") or {}).get("Name", "running"))
    return Unknown(unclear if state == "running" else f"{unclear}; the instance is {state}", query)


def _unclear(words: Mapping[str, str]) -> Iterator[str]:
    """A sentence about each check that is neither ok nor impaired."""
    for check, word in words.items():
        fine = {"ok", "not-applicable", "absent"} if check == OPTIONAL else {"ok"}
        if word not in fine:
            yield f"the {CHECKS[check]} check is {word}"


def _absent(instance_id: str) -> Unknown:
    return Unknown("EC2 has no status for it", _query(instance_id))


def _query(instance_id: str) -> str:
    return f"ec2 DescribeInstanceStatus {instance_id}"


def _build(_source: object, platform: object, resources: Resources) -> Probe:
    return Ec2Status(resources.get(Aws), getattr(platform, "external_id", None))


PROBE = ProbeSpec(
    name="ec2_status",
    options=Ec2StatusOptions,
    build=_build,
    summary="Whether EC2's own status checks pass for an instance.",
    threshold=AnyOf(("impaired",)),
)
