"""What an image is: its files and what the engine says of it, read once."""

import io
import json
import os
import re
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.support.docker_engine import Api
from tests.support.image import docker

SECRET_NAME = re.compile(
    r"\b[A-Z0-9_]*(?:SECRET|PASSWORD|PASSWD|TOKEN|CREDENTIAL|API_?KEY|PRIVATE)[A-Z0-9_]*=\S", re.IGNORECASE
)
SECRET_VALUE = re.compile(r"AKIA[0-9A-Z]{16}|-----BEGIN [A-Z ]*PRIVATE KEY|[a-z]+://[^/\s:@]+:[^/\s@]+@")
MACHINE_PLACE = re.compile(r"/(?:home|opt|root|work|Users|tmp|mnt)/\S+")
INDEX = re.compile(r"(?:pypi|pythonhosted)\.(?:org|com)/(?:simple|packages)\S*|--(?:extra-)?index-url\S*")


@dataclass(frozen=True)
class Image:
    """One image on an engine, by name."""

    api: Api
    name: str

    @cached_property
    def config(self) -> dict[str, Any]:
        return dict(json.loads(docker(self.api, "image", "inspect", "--format", "{{json .Config}}", self.name)))

    @cached_property
    def size_bytes(self) -> int:
        return int(docker(self.api, "image", "inspect", "--format", "{{.Size}}", self.name))

    @cached_property
    def history(self) -> str:
        """How it says that it was made, a line per step."""
        return docker(self.api, "history", "--no-trunc", "--format", "{{.CreatedBy}}", self.name)

    @cached_property
    def files(self) -> tarfile.TarFile:
        """Its file system, with the few empty places that an engine adds."""
        container = docker(self.api, "create", self.name)
        try:
            command = ["docker", "export", container]
            environment = {**os.environ, "DOCKER_HOST": self.api.url}
            content = subprocess.run(command, capture_output=True, check=True, env=environment).stdout
        finally:
            docker(self.api, "rm", container)
        return tarfile.open(fileobj=io.BytesIO(content))

    def text(self, path: str) -> str:
        """What is in one of its files, without the first slash."""
        file = self.files.extractfile(path)
        assert file is not None
        return file.read().decode()

    @cached_property
    def materials(self) -> str:
        """Its bill of materials."""
        container = docker(self.api, "create", self.name)
        try:
            with tempfile.TemporaryDirectory() as folder:
                copied = Path(folder) / "sbom.json"
                docker(self.api, "cp", f"{container}:/usr/share/repave/sbom.cdx.json", str(copied))
                return copied.read_text(encoding="utf-8")
        finally:
            docker(self.api, "rm", container)


def tells_too_much(text: str) -> list[str]:
    """Every secret, folder of one machine and address of a package index in what an image says of itself."""
    patterns = (SECRET_NAME, SECRET_VALUE, MACHINE_PLACE, INDEX)
    return [found.group() for pattern in patterns for found in pattern.finditer(text)]
