"""What a launch would use now: the image that the group's launch template names at this moment."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from controller.clients.aws import Aws, AwsScope
from controller.domain.errors import PlatformError
from controller.domain.model import Image
from controller.platforms.asg.facts import FactCache, Facts
from controller.platforms.asg.group import GroupView, TemplateRef


@dataclass(frozen=True, slots=True)
class LaunchImage:
    """image: None when it cannot be told, and then a gap says why. version: what `$Latest` or `$Default` stands for."""

    image: Image | None = None
    version: str = ""
    gaps: tuple[str, ...] = ()


class Templates:
    """Resolves launch templates. Numbered versions never change and are remembered; `$Latest` and `$Default` are asked
    for each time, because replacing onto an image that is old by now would go on for ever."""

    def __init__(self, aws: Aws, scope: AwsScope, facts: Facts, cache: FactCache) -> None:
        self._aws = aws
        self._scope = scope
        self._facts = facts
        self._remembered = cache.template_images

    async def launch_image(self, view: GroupView) -> LaunchImage:
        """The image of the group's next launch, with its date."""
        if view.template is None:
            return LaunchImage(gaps=(f"{view.name} has no launch template: what it would launch is unknown",))
        if _overridden(view):
            return LaunchImage(gaps=(f"{view.name} launches different images for different instance types",))
        try:
            image_id, version = await self._resolve(view.template)
        except PlatformError as error:
            return LaunchImage(gaps=(f"what {view.name} would launch could not be read: {error}",))
        if not image_id.startswith("ami-"):
            said = image_id or "no image"
            return LaunchImage(None, version, (f"{view.name} launches {said}: which image that is, is not read",))
        image, gaps = await self._facts.image(image_id)
        return LaunchImage(image, version, gaps)

    async def _resolve(self, template: TemplateRef) -> tuple[str, str]:
        """The image id (or `resolve:ssm:...`, or nothing) and the number of the version."""
        key = (template.id or template.name, template.version)
        if template.version.isdecimal() and key in self._remembered:
            return self._remembered[key], template.version
        named = {"LaunchTemplateId": template.id} if template.id else {"LaunchTemplateName": template.name}
        answer = await self._aws.read(
            self._scope, "ec2", "DescribeLaunchTemplateVersions", Versions=[template.version], **named
        )
        found: Mapping[str, Any] = next(iter(answer["LaunchTemplateVersions"]), {})
        image_id = (found.get("LaunchTemplateData") or {}).get("ImageId") or ""
        if template.version.isdecimal() and image_id:
            self._remembered[key] = image_id
        return image_id, str(found.get("VersionNumber") or template.version)


def _overridden(view: GroupView) -> bool:
    policy = (view.document.get("MixedInstancesPolicy") or {}).get("LaunchTemplate") or {}
    overrides = policy.get("Overrides") or ()
    return any(override.get("ImageId") or override.get("LaunchTemplateSpecification") for override in overrides)
