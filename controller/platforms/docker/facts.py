"""What is said of a successor, in its trace."""

from datetime import datetime
from typing import Any

from controller.platforms.docker.images import CREATED_LABEL, trustworthy
from controller.platforms.docker.inspected import Inspected, Json, moment
from controller.platforms.docker.names import short_id


def created_at(image: Json | None) -> datetime | None:
    """When an image was built: by its OCI label, else by its configuration. None where it cannot be trusted."""
    if image is None:
        return None
    labels = (image.get("Config") or {}).get("Labels") or {}
    told = (moment(str(text)) for text in (labels.get(CREATED_LABEL), image.get("Created")) if text)
    return next((at for at in told if trustworthy(at)), None)


def facts_of(container: Inspected, image: Json | None) -> dict[str, Any]:
    """What the trace says of a successor."""
    built_at, started_at = created_at(image), moment(container.document["State"].get("StartedAt"))
    return {
        "container.id": container.id,
        "container.name": container.name,
        "container.image.name": container.reference,
        "image_id": short_id(container.image_id),
        "image_created_at": built_at.isoformat() if built_at else None,
        "launched_at": started_at.isoformat() if started_at else None,
    }
