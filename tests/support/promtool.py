"""Prometheus' own tool for checking rules and metrics."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Said:
    """What the tool said. ok: it found nothing wrong."""

    ok: bool
    text: str


def promtool(*arguments: str | Path, stdin: bytes = b"") -> Said:
    """Run it; without it the test is skipped, which fails the build in CI."""
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("needs promtool, of the Debian package prometheus")
    done = subprocess.run([program, *map(str, arguments)], input=stdin, capture_output=True, timeout=60, check=False)
    return Said(done.returncode == 0, (done.stdout + done.stderr).decode())
