"""References to images."""

import re

BARE = re.compile(r"(sha256:)?[0-9a-f]{12,64}")


def is_bare(reference: str) -> bool:
    """Whether it is an image's id, which no registry resolves."""
    return BARE.fullmatch(reference) is not None


def tagged(reference: str) -> str:
    """With the tag that it means: a pull without any would fetch them all."""
    last = reference.rpartition("/")[2]
    return reference if ":" in last or "@" in last else f"{reference}:latest"
