"""Names and labels: by which a container is found, by which it is ours, and by which people say: leave it alone."""

SHORT = 12

HOLD, PROTECTED, STATEFUL = "repave.hold", "repave.protected", "repave.stateful"
"""Labels by which people speak. A label counts by being there; its value is told as the reason."""

HOLD_VOLUME = "repave-hold"
"""A volume of this name holds all of an engine, and with `-NAME` behind it the container NAME. Labels are for life;
volumes come and go (`docker volume create repave-hold`, `docker volume rm repave-hold`)."""


def short_id(full: str) -> str:
    """The first digits of a container's or an image's id, as people know it."""
    return full.removeprefix("sha256:")[:SHORT]
