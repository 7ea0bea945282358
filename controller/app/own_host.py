"""On which EC2 instance this process runs, if on any. Asks no metadata service: a file and a variable know."""

import re
from collections.abc import Mapping
from pathlib import Path

VARIABLE = "REPAVE_INSTANCE_ID"
BOARD_ASSET_TAG = Path("/sys/devices/virtual/dmi/id/board_asset_tag")
"""Holds the instance id on Nitro hosts, also within a container
(https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/identify_ec2_instances.html)."""

_INSTANCE_ID = re.compile(r"i-[0-9a-f]{8,17}")


def own_instance(environ: Mapping[str, str], file: Path = BOARD_ASSET_TAG) -> str | None:
    """The id that the variable names, whatever it looks like, or the one in the file; None when neither knows."""
    named = environ.get(VARIABLE, "").strip()
    if named:
        return named
    try:
        told = file.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return None
    return told if _INSTANCE_ID.fullmatch(told) else None
