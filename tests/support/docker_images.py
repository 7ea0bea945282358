"""Images from nothing: this host's Python, the few modules that the app imports, busybox, and the app; no registry."""

import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path

import pytest

from tests.support.docker_engine import Api, Refused

APP = Path(__file__).with_name("docker_app.py")
REPOSITORY = "repave-test-app"
BUSYBOX = (Path("/bin/busybox"), Path("/usr/bin/busybox"))
CREATED = "org.opencontainers.image.created"

BUILD_TRIES = 3
"""A build that fails answers 200 and leaves the tag where it was; images of other tests come and go meanwhile."""

HEALTH_COMMAND = ("/bin/wget", "-q", "-O", "/dev/null", "http://127.0.0.1/self")
"""Of busybox: a check costs some milliseconds, where a Python per check would cost fifty."""

_LIST_MODULES = """
import json, runpy, sys
runpy.run_path(sys.argv[1], run_name="imported")
import encodings.ascii, encodings.idna, encodings.utf_8, os, stringprep, unicodedata
files = [getattr(one, "__file__", None) for one in sys.modules.values()]
print(json.dumps([sys.executable, sorted({name for name in files if name and name != sys.argv[1]})]))
"""


@dataclass(frozen=True)
class Image:
    """One image on the engine. reference: what containers are created from; id: its digest."""

    reference: str
    id: str


@dataclass(frozen=True)
class Recipe:
    """What an image says beside the app. created: the OCI label. health_seconds: between two checks; 0 for none.
    start_seconds: in which checks that fail do not count, until the first that passes."""

    created: datetime | None = None
    health_seconds: float = 1.0
    health_retries: int = 2
    start_seconds: float = 10.0
    labels: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)

    def dockerfile(self, base: str) -> str:
        """These words on top of the base: layers are shared, so that dozens of images cost nothing."""
        labels = {**self.labels, **({CREATED: self.created.isoformat()} if self.created else {})}
        lines = [f"FROM {base}"]
        lines += [f"LABEL {json.dumps(name)}={json.dumps(value)}" for name, value in labels.items()]
        lines += [f"ENV {name}={json.dumps(value)}" for name, value in self.environment.items()]
        if self.health_seconds:
            interval = f"{round(self.health_seconds * 1000)}ms"
            start = f"--start-period={round(self.start_seconds * 1000)}ms"
            options = f"--interval={interval} --timeout=3s --retries={self.health_retries} {start}"
            lines.append(f"HEALTHCHECK {options} CMD {json.dumps(HEALTH_COMMAND)}")
        return "\n".join(lines) + "\n"


async def build(api: Api, tag: str, recipe: Recipe = Recipe()) -> Image:
    """Make (or move) a tag of the app's repository: a fraction of a second once the base is there."""
    reference = f"{REPOSITORY}:{tag}"
    context = _tar({"Dockerfile": (recipe.dockerfile(await base(api)).encode(), 0o644)})
    for tries_left in reversed(range(BUILD_TRIES)):
        said = await api.call("POST", "/build", context, t=reference, rm=True, forcerm=True)
        if b"Successfully tagged" in said:
            break
        assert tries_left, f"{reference} was not built: {said.decode(errors='replace')}"
    return Image(reference, await image_id(api, reference))


async def image_id(api: Api, reference: str) -> str:
    """What a reference resolves to now."""
    return str((await api.call("GET", f"/images/{reference}/json"))["Id"])


async def move_tag(api: Api, reference: str, image: Image) -> None:
    """Let a reference mean another image from now on, as a push and a pull would."""
    repository, _, tag = reference.partition(":")
    await api.call("POST", f"/images/{image.id}/tag", repo=repository, tag=tag)


async def remove(api: Api, *references: str) -> None:
    """Drop tags; what a container still uses stays."""
    for reference in references:
        try:
            await api.call("DELETE", f"/images/{reference}", noprune=False)
        except Refused:
            continue


async def base(api: Api) -> str:
    """The image with the app and nothing said about it. It is kept on the engine under a tag made of its content."""
    content, mark = _layer()
    reference = f"{REPOSITORY}:base-{mark}"
    try:
        await image_id(api, reference)
    except Refused:
        python = _python()[0]
        changes = [
            f"CMD {json.dumps([python, '-S', '-B', '/app.py'])}",
            "ENV PYTHONDONTWRITEBYTECODE=1",
            "ENV PATH=/bin",
            "EXPOSE 80",
        ]
        query = {"fromSrc": "-", "repo": REPOSITORY, "tag": f"base-{mark}"}
        path = "/images/create?" + "&".join(f"changes={_quoted(change)}" for change in changes)
        await api.call("POST", path, content, **query)
    return reference


async def program_image(api: Api, name: str, program: str) -> str:
    """An image with one program of this host as /bin/NAME, and the libraries that it loads."""
    content = _program(name, program)
    reference = f"{REPOSITORY}:{name}-{hashlib.sha256(content).hexdigest()[:12]}"
    try:
        await image_id(api, reference)
    except Refused:
        query = {"fromSrc": "-", "repo": REPOSITORY, "tag": reference.partition(":")[2]}
        await api.call("POST", f"/images/create?changes={_quoted('ENV PATH=/bin')}", content, **query)
    return reference


def _quoted(text: str) -> str:
    return "".join(letter if letter.isalnum() else f"%{ord(letter):02X}" for letter in text)


@cache
def _layer() -> tuple[bytes, str]:
    """The file system as a tar, and a mark of what is in it."""
    busybox = next((path for path in BUSYBOX if path.exists() and not _libraries(path)), None)
    if busybox is None:
        pytest.skip("needs the Debian package busybox-static")
    executable, modules = _python()
    binaries = [Path(executable), *(Path(name) for name in modules if name.endswith(".so"))]
    wanted = {
        Path(executable),
        *(Path(name) for name in modules),
        *(one for each in binaries for one in _libraries(each)),
    }
    files = {str(path): (path.read_bytes(), 0o755) for path in sorted(wanted)}
    files["/app.py"] = (APP.read_bytes(), 0o644)
    files["/bin/busybox"] = (busybox.read_bytes(), 0o755)
    content = _tar(files, links={f"/bin/{name}": "busybox" for name in ("sh", "wget", "touch", "cat", "sleep", "kill")})
    return content, hashlib.sha256(content).hexdigest()[:12]


def _program(name: str, program: str) -> bytes:
    files = {str(one): (one.read_bytes(), 0o755) for one in _libraries(Path(program))}
    return _tar({**files, f"/bin/{name}": (Path(program).read_bytes(), 0o755)})


@cache
def _python() -> tuple[str, tuple[str, ...]]:
    """The leanest Python of this host (the system's, else the one under .venv), and the files that the app imports."""
    base = Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    for candidate in (Path("/usr/bin/python3"), base):
        command = [str(candidate.resolve()), "-S", "-I", "-c", _LIST_MODULES, str(APP)]
        ran = subprocess.run(command, capture_output=True, text=True, check=False) if candidate.exists() else None
        if ran is not None and ran.returncode == 0:
            executable, modules = json.loads(ran.stdout)
            return os.path.realpath(executable), tuple(os.path.realpath(name) for name in modules)
    raise AssertionError("no Python of this host can run the app")


def _libraries(binary: Path) -> list[Path]:
    """The shared libraries that a binary loads, its loader among them, under the names it asks for."""
    listed = subprocess.run(["ldd", str(binary)], capture_output=True, text=True, check=False).stdout
    words = [word for line in listed.splitlines() for word in line.split() if word.startswith("/")]
    return [Path(word) for word in words]


def _tar(files: Mapping[str, tuple[bytes, int]], links: Mapping[str, str] | None = None) -> bytes:
    """An archive of regular files and symbolic links; the same content gives the same bytes."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, (content, mode) in files.items():
            entry = tarfile.TarInfo(name.removeprefix("/"))
            entry.size, entry.mode = len(content), mode
            archive.addfile(entry, io.BytesIO(content))
        for name, target in (links or {}).items():
            entry = tarfile.TarInfo(name.removeprefix("/"))
            entry.type, entry.linkname = tarfile.SYMTYPE, target
            archive.addfile(entry)
        for name in ("tmp", "run", "dev", "proc", "sys", "etc"):
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if name == "tmp" else 0o755
            archive.addfile(entry)
    return buffer.getvalue()


def references(images: Iterable[Image]) -> list[str]:
    """Their tags, for `remove`."""
    return [image.reference for image in images]
