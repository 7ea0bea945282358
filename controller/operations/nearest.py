"""Names that were not found, and what was probably meant."""

from collections.abc import Collection
from difflib import get_close_matches

from controller.domain.errors import RepaveError


class NotFound(RepaveError):
    """There is nothing of that name. The text names what comes near."""


def not_found(what: str, name: str, known: Collection[str]) -> NotFound:
    """`no instance i-12; the nearest are i-123, i-124`."""
    ordered = sorted(known)
    near = [item for item in ordered if name and name in item][:3]
    near = near or get_close_matches(name, ordered, n=3, cutoff=0.5)
    if near:
        verb = "are" if len(near) > 1 else "is"
        return NotFound(f"no {what} {name!r}; the nearest {verb} {', '.join(near)}")
    if 0 < len(ordered) <= 10:
        return NotFound(f"no {what} {name!r}; there is {', '.join(ordered)}")
    return NotFound(f"no {what} {name!r}")
