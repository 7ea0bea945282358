"""What people say by tags, with no API of ours: leave this alone (`repave:hold`), this keeps data (`repave:stateful`).

A tag counts by being there; its value is told as the reason. A group says it for all of its members.
"""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from controller.clients.aws import Aws, AwsScope
from controller.domain.errors import PlatformError
from controller.domain.replacement import Replacement
from controller.domain.veto import Needs, Veto
from controller.platforms.asg.group import GroupView

HOLD, STATEFUL = "repave:hold", "repave:stateful"


@dataclass(frozen=True, slots=True)
class Marks:
    """Our tags on instances, by instance id. gap: why they could not be read; about a stop, no answer is a yes."""

    tags: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    gap: str | None = None


class Tags:
    """Reads our tags in one account and region."""

    def __init__(self, aws: Aws, scope: AwsScope) -> None:
        self._aws = aws
        self._scope = scope

    async def marks(self) -> Marks:
        """The marked instances of the region, in one call: there are few, whoever they belong to."""
        try:
            return Marks(await self._instances({"key": [HOLD, STATEFUL], "resource-type": ["instance"]}))
        except PlatformError as error:
            return Marks(gap=f"whether a tag holds it could not be read: {error}")

    async def held(self, replacement: Replacement) -> str | None:
        """Which tag stops this replacement now, or None. Raises PlatformError when that cannot be told."""
        ids = [replacement.predecessor, *([replacement.successor] if replacement.successor else [])]
        group, instances = await asyncio.gather(
            self._group(replacement.group), self._instances({"key": [HOLD], "resource-id": ids})
        )
        found = {**group, **{instance_id: tags[HOLD] for instance_id, tags in instances.items() if HOLD in tags}}
        return next((_said(HOLD, subject, value) for subject, value in found.items()), None)

    async def _instances(self, filters: Mapping[str, list[str]]) -> dict[str, dict[str, str]]:
        """The tags that match, by resource."""
        asked = [{"Name": name, "Values": values} for name, values in filters.items()]
        found: dict[str, dict[str, str]] = {}
        async for page in self._aws.pages(self._scope, "ec2", "DescribeTags", Filters=asked):
            for tag in page.get("Tags") or ():
                found.setdefault(tag["ResourceId"], {})[tag["Key"]] = tag.get("Value") or ""
        return found

    async def _group(self, name: str) -> dict[str, str]:
        """The value of the group's own `repave:hold`, by the group's name; empty without one."""
        asked: list[dict[str, Any]] = [
            {"Name": "auto-scaling-group", "Values": [name]},
            {"Name": "key", "Values": [HOLD]},
        ]
        answer = await self._aws.read(self._scope, "autoscaling", "DescribeTags", Filters=asked)
        own = (tag for tag in answer.get("Tags") or () if tag.get("ResourceId") == name)
        return {tag["ResourceId"]: tag.get("Value") or "" for tag in own}


def group_marks(view: GroupView) -> Iterator[Veto]:
    """What the group's own tags say of all its members."""
    yield from _vetoes(view.name, view.tags)


def member_marks(instance_id: str, marks: Marks) -> Iterator[Veto]:
    """What an instance's own tags say. While they cannot be read, it counts as held: it may be."""
    if marks.gap is not None:
        yield Veto("held", marks.gap, Needs.WORLD)
    yield from _vetoes(instance_id, marks.tags.get(instance_id, {}))


def _vetoes(subject: str, tags: Mapping[str, str]) -> Iterator[Veto]:
    for rule, key in (("held", HOLD), ("stateful", STATEFUL)):
        if key in tags:
            yield Veto(rule, _said(key, subject, tags[key]), Needs.PERSON)


def _said(key: str, subject: str, value: str) -> str:
    return f"{subject} bears the tag {key}" + (f": {value}" if value else "")
