"""References to images, and what is said of one."""

import re
from datetime import datetime
from typing import Any

from controller.platforms.docker.inspected import Inspected, Json, moment

BARE = re.compile(r"(sha256:)?[0-9a-f]{12,64}")


def is_bare(reference: str) -> bool:
    """Whether it is an image's id, which no registry resolves."""
    return BARE.fullmatch(reference) is not None


def tagged(reference: str) -> str:
    """With the tag that it means: a pull without any would fetch them all."""
    last = reference.rpartition("/")[2]
    return reference if ":" in last or "@" in last else f"{reference}:latest"


def short(image_id: str) -> str:
    """An image's id as people write it."""
    return image_id.removeprefix("sha256:")[:12]


def created_at(image: Json | None) -> datetime | None:
    """When an image was built: by its OCI label, else by its configuration. None where it cannot be trusted: builds
    that can be repeated say 1970 or 1980."""
    if image is None:
        return None
    labels = (image.get("Config") or {}).get("Labels") or {}
    told = (labels.get("org.opencontainers.image.created"), image.get("Created"))
    found = (moment(str(text)) for text in told if text)
    return next((at for at in found if at is not None and at.year > 1980), None)


def facts_of(container: Inspected, image: Json | None) -> dict[str, Any]:
    """What the trace says of a successor."""
    built_at, started_at = created_at(image), moment(container.document["State"].get("StartedAt"))
    return {
        "container.id": container.id,
        "container.name": container.name,
        "container.image.name": container.reference,
        "image_id": short(container.image_id),
        "image_created_at": built_at.isoformat() if built_at else None,
        "launched_at": started_at.isoformat() if started_at else None,
    }
