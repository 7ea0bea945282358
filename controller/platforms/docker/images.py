"""Images: how old they are, and what a reference means now on an engine, or in its registry."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from controller.clients.docker import Engine
from controller.domain.errors import ForbiddenCall, Gone, PlatformError
from controller.domain.model import Image
from controller.platforms.docker.cache import Digest, FactCache, ImageFacts, remember
from controller.platforms.docker.inspected import moment
from controller.platforms.docker.names import short_id
from controller.platforms.docker.options import EARLIEST, DockerOptions
from controller.platforms.docker.references import is_bare

CREATED_LABEL = "org.opencontainers.image.created"
"""https://github.com/opencontainers/image-spec/blob/main/annotations.md: when the image was built (RFC 3339)."""

REGISTRY_TELLS_FOR = timedelta(minutes=5)
REGISTRY_SECONDS = 5.0
"""For how long a look waits for a registry, which the engine asks."""

REGISTRY_SILENT_FOR = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a launch by a reference would use now. image: None when that cannot be told, for `gap`'s reason."""

    image: Image | None
    gap: str = ""


class Images:
    """Asks one engine. What it says of an image by its id never changes, and is asked once."""

    def __init__(self, engine: Engine, options: DockerOptions, cache: FactCache) -> None:
        self._engine = engine
        self._options = options
        self._cache = cache

    async def of(self, image_id: str, reference: str) -> Image:
        """The image that a container was made from. An image that is gone, or has no trustworthy date, has none."""
        key = (self._engine.address, image_id)
        facts = self._cache.images.get(key) or await self._inspect(image_id)
        return self._image(facts or ImageFacts(image_id, None, None), reference)

    async def resolve(self, reference: str) -> Resolved:
        """What a launch by this reference would use now. Raises PlatformError when the engine gives no answer."""
        here = await self._inspect(reference) if reference else None
        if self._options.pull != "always" or _is_fixed(reference):
            missing = f"{self._engine.address.url} has no image {reference}"
            return Resolved(self._image(here, reference)) if here else Resolved(None, missing)
        told = await self._in_registry(reference)
        if told.value is None:
            return Resolved(None, told.gap)
        if here is not None and (told.value in here.digests or told.value == here.id):
            return Resolved(self._image(here, reference))
        return Resolved(self._image(ImageFacts(told.value, None, None), reference))

    async def _inspect(self, name: str) -> ImageFacts | None:
        """By id or by reference; None when the engine has no such image."""
        try:
            told = await self._engine.read("ImageInspect", f"/images/{name}/json")
        except (Gone, ForbiddenCall):  # a reference that is no path could not be launched from either
            return None
        facts = _facts(told)
        return remember(self._cache.images, (self._engine.address, facts.id), facts)

    async def _in_registry(self, reference: str) -> Digest:
        key, now = (self._engine.address, reference), self._cache.clock.now()
        known = self._cache.digests.get(key)
        lasts = REGISTRY_TELLS_FOR if known and known.value else REGISTRY_SILENT_FOR
        if known is not None and self._cache.lately(known, lasts):
            return known
        try:
            async with asyncio.timeout(REGISTRY_SECONDS):
                told = await self._engine.read("DistributionInspect", f"/distribution/{reference}/json")
            found = Digest((told.get("Descriptor") or {}).get("digest"), now, f"a registry knows no {reference}")
        except (PlatformError, ForbiddenCall, TimeoutError) as error:
            why = str(error) or "no answer in time"
            found = Digest(None, now, f"what a registry has for {reference} could not be read: {why}")
        return remember(self._cache.digests, key, found)

    def _image(self, facts: ImageFacts, reference: str) -> Image:
        by_hand = self._options.image_created
        said = (
            facts.labelled_at,
            next((by_hand[key] for key in by_hand if key == reference or _names(key, facts.id)), None),
            facts.made_at,
        )
        return Image(short_id(facts.id), next((date for date in said if trustworthy(date)), None))


def trustworthy(date: datetime | None) -> bool:
    """Whether it is a date that somebody set. Unknown is better than old."""
    return date is not None and date >= EARLIEST


def _facts(document: Mapping[str, Any]) -> ImageFacts:
    labels = (document.get("Config") or {}).get("Labels") or {}
    digests = (name.partition("@")[2] for name in document.get("RepoDigests") or ())
    return ImageFacts(
        id=document["Id"],
        labelled_at=moment(labels.get(CREATED_LABEL)),
        made_at=moment(document.get("Created")),
        digests=frozenset(filter(None, digests)),
    )


def _is_fixed(reference: str) -> bool:
    """Whether it names one image for ever: by digest, or by id."""
    return "@" in reference or is_bare(reference)


def _names(key: str, image_id: str) -> bool:
    """Whether what a person wrote is this image's id, or its beginning."""
    digits = key.removeprefix("sha256:")
    return len(digits) >= 12 and image_id.removeprefix("sha256:").startswith(digits)
