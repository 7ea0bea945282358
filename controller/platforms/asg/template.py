"""What a launch would use now: the version of the launch template that the group names, and the image in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from controller.clients.aws import Aws, AwsScope
from controller.domain.errors import PlatformError
from controller.domain.model import Image
from controller.platforms.asg.facts import FactCache, Facts
from controller.platforms.asg.group import GroupView, TemplateRef

ALIAS = "resolve:ssm:"
"""How an image is named by a parameter of Systems Manager, read at each launch
(https://docs.aws.amazon.com/autoscaling/ec2/userguide/using-systems-manager-parameters.html)."""


@dataclass(frozen=True, slots=True)
class LaunchImage:
    """image: None when it cannot be told, and then a gap says why. version: what `$Latest` or `$Default` stands for;
    empty when that cannot be told."""

    image: Image | None = None
    version: str = ""
    gaps: tuple[str, ...] = ()


class Templates:
    """Resolves launch templates. Numbered versions never change and are remembered; `$Latest`, `$Default` and images
    that a parameter names are asked for each time, because replacing onto what is old by now would go on for ever."""

    def __init__(self, aws: Aws, scope: AwsScope, facts: Facts, cache: FactCache) -> None:
        self._aws = aws
        self._scope = scope
        self._facts = facts
        self._remembered = cache.template_images

    async def launch_image(self, view: GroupView) -> LaunchImage:
        """The image of the group's next launch, with its date."""
        template = view.template
        if template is None:
            return LaunchImage(gaps=(f"{view.name} has no launch template: what it would launch is unknown",))
        overrides = _overrides(view)
        if "LaunchTemplateSpecification" in overrides:
            return LaunchImage(gaps=(f"{view.name} launches from different templates for different instance types",))
        version = template.version if template.version.isdecimal() else ""
        try:
            image_id, version = await self._resolve(template)
            if "ImageId" in overrides:
                gap = f"{view.name} launches different images for different instance types"
                return LaunchImage(None, version, (gap,))
            image_id = await self._unaliased(template, version, image_id)
        except PlatformError as error:
            return LaunchImage(None, version, (f"what {view.name} would launch could not be read: {error}",))
        if not image_id.startswith("ami-"):
            said = image_id or "no image"
            return LaunchImage(None, version, (f"{view.name} launches {said}: which image that is, cannot be told",))
        image, gaps = await self._facts.image(image_id)
        return LaunchImage(image, version, gaps)

    async def _resolve(self, template: TemplateRef) -> tuple[str, str]:
        """What the template names as its image (an id, a parameter, or nothing), and the number of the version."""
        key = (template.id or template.name, template.version)
        if template.version.isdecimal() and key in self._remembered:
            return self._remembered[key], template.version
        found = await self._version(template, template.version)
        image_id = (found.get("LaunchTemplateData") or {}).get("ImageId") or ""
        if template.version.isdecimal() and image_id:
            self._remembered[key] = image_id
        return image_id, str(found.get("VersionNumber") or template.version)

    async def _unaliased(self, template: TemplateRef, version: str, image_id: str) -> str:
        """The image that a parameter names now: EC2 tells it, or else Systems Manager does."""
        if not image_id.startswith(ALIAS):
            return image_id
        try:
            found = await self._version(template, version, ResolveAlias=True)
        except PlatformError as error:
            if error.retryable:
                raise
            found = {}
        told = str((found.get("LaunchTemplateData") or {}).get("ImageId") or image_id)
        return await self._parameter(image_id) if told.startswith(ALIAS) else told

    async def _version(self, template: TemplateRef, version: str, **how: Any) -> Mapping[str, Any]:
        named = {"LaunchTemplateId": template.id} if template.id else {"LaunchTemplateName": template.name}
        answer = await self._aws.read(
            self._scope, "ec2", "DescribeLaunchTemplateVersions", Versions=[version], **named, **how
        )
        return next(iter(answer["LaunchTemplateVersions"]), {})

    async def _parameter(self, alias: str) -> str:
        """A parameter's value; its version or label may follow its name after a colon, as GetParameter takes it."""
        answer = await self._aws.read(self._scope, "ssm", "GetParameter", Name=alias.removeprefix(ALIAS))
        return str((answer.get("Parameter") or {}).get("Value") or "")


def _overrides(view: GroupView) -> set[str]:
    """What a mixed instances policy says otherwise for some instance types."""
    policy = (view.document.get("MixedInstancesPolicy") or {}).get("LaunchTemplate") or {}
    return {key for override in policy.get("Overrides") or () for key, value in override.items() if value}
