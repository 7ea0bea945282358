"""Repave's own image, built once and shared by every test of a run, and by runs side by side.

    python -m tests.support.image runtime    builds one kind, or several, ahead of the tests

`repave_image(api)` is the name of the production image: user 65532, no shell, entry point `repave`, default command
`run`, configuration at /etc/repave/repave.yaml, port 8080. `repave_image(api, "demo")` is the name of the one that
has the embedded AWS as well. The base is made of Debian packages, or is what the variable BASE_IMAGE says.
"""

import asyncio
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Literal, cast

import pytest

from tests.house.project import ROOT
from tests.support.docker_engine import SHARED, Api, Refused, running_engine

Requirements = Literal["runtime", "demo"]
REPOSITORY = "repave-test"
KEPT = timedelta(days=1)
MADE_FROM = (
    ".dockerignore", "Dockerfile", "LICENSE", "README.md", "config/demo.yaml", "controller", "probes", "pyproject.toml",
    "requirements", "tools/base_image.sh", "tools/image.sh", "tools/image_root.py",
)  # fmt: skip


def repave_image(api: Api, requirements: Requirements = "runtime") -> str:
    """The name of the image, of the files as they are now. Takes a minute or two when it has to be built; then none.

    Skips, with the reason, where it cannot be built; in CI that fails the run. The tag is made of what is in the image,
    so that checkouts side by side do not meet; tags older than a day are removed.
    """
    name = f"{REPOSITORY}:{requirements}-{_mark()}"
    SHARED.mkdir(exist_ok=True)
    with (SHARED / "image").open("wb") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not _is_there(api, name):
            asyncio.run(_tidy(api))
            _build(api, name, requirements)
    return name


def docker(api: Api, *arguments: str, check: bool = True) -> str:
    """What `docker ARGUMENTS` prints on standard output. Raises AssertionError with what it says when it fails."""
    environment = {**os.environ, "DOCKER_HOST": api.url}
    ran = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False, env=environment)
    assert ran.returncode == 0 or not check, f"docker {' '.join(arguments)}: {ran.stdout}{ran.stderr}"
    return ran.stdout.strip()


def _mark() -> str:
    """Of every file that the image is made from, and of the commit, which it names."""
    mark = hashlib.sha256(_git("rev-parse", "HEAD").encode() + os.environ.get("BASE_IMAGE", "").encode())
    for path in sorted(_git("ls-files", "-co", "--exclude-standard", *MADE_FROM).splitlines()):
        if (ROOT / path).is_file():
            mark.update(path.encode() + b"\0" + (ROOT / path).read_bytes())
    return mark.hexdigest()[:12]


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False).stdout


def _is_there(api: Api, name: str) -> bool:
    try:
        asyncio.run(api.call("GET", f"/images/{name}/json"))
    except Refused:
        return False
    return True


def _build(api: Api, name: str, requirements: Requirements) -> None:
    base = os.environ.get("BASE_IMAGE") or "debian"
    if shutil.which("docker") is None:
        pytest.skip("needs the command `docker`, of the Debian package docker.io")
    if base == "debian" and (os.geteuid() != 0 or shutil.which("debootstrap", path="/usr/sbin:/sbin") is None):
        pytest.skip("needs root and the Debian package debootstrap, or the variable BASE_IMAGE, for the image's base")
    environment = {**os.environ, "DOCKER_HOST": api.url, "BASE_IMAGE": base, "IMAGE": name}
    environment |= {"REQUIREMENTS": requirements, "ALLOW_UNPINNED": "1"}
    began = time.monotonic()
    ran = subprocess.run([ROOT / "tools/image.sh"], capture_output=True, text=True, check=False, env=environment)
    assert ran.returncode == 0, f"the image cannot be built:\n{ran.stdout[-2000:]}\n{ran.stderr[-4000:]}"
    print(f"{name} was built in {time.monotonic() - began:.0f} s: {ran.stderr.strip().splitlines()[-1]}")


async def _tidy(api: Api) -> None:
    """Remove what earlier runs have left: tags of yesterday that no container uses, and what they were built in."""
    before = (datetime.now(UTC) - KEPT).timestamp()
    for image in await api.call("GET", "/images/json", filters={"reference": [REPOSITORY]}):
        if image["Created"] < before:
            for tag in image["RepoTags"] or ():
                try:
                    await api.call("DELETE", f"/images/{tag}")
                except Refused:
                    continue
    stale = {"dangling": ["true"], "label": ["repave.stage=build"], "until": [f"{KEPT.total_seconds():.0f}s"]}
    await api.call("POST", "/images/prune", filters=stale)


def main(*kinds: Requirements) -> int:
    """Build them; 1 when nothing may be skipped and this was."""
    try:
        with running_engine() as engine:
            for kind in kinds:
                print(repave_image(engine, kind), flush=True)
    except pytest.skip.Exception as reason:
        print(f"the image is not built: {reason.msg}")
        return int(os.environ.get("CI", "").lower() == "true")
    return 0


if __name__ == "__main__":
    sys.exit(main(*cast(list[Requirements], sys.argv[1:])))
