"""Says what is wrong with a release, one line each; `tools/release_check.sh` calls it for each part.

    python -m tools.release archives FOLDER       the wheel and the source distribution that are in it
    python -m tools.release same WHEEL WHEEL      two builds of the same commit
    python -m tools.release changelog             CHANGELOG.md beside pyproject.toml and the commit's tag
    python -m tools.release materials FILE        a bill of materials: valid, of what is pinned, under allowed licences
    python -m tools.release demo FILE             what `repave demo --json` printed

Exit code 0, or 1 when something is wrong.
"""

import hashlib
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

from tools.release import archives, changelog, licences, materials

ROOT = Path(__file__).parents[2]


def project() -> dict[str, str]:
    """pyproject.toml's [project]."""
    return dict(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"])


def git(*arguments: str) -> str:
    """What git prints; nothing where there is no repository."""
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()


def check_archives(folder: str) -> list[str]:
    """Both archives against the repository, and their names against the version."""
    stem = f"repave-{project()['version']}"
    wheel, sdist = Path(folder) / f"{stem}-py3-none-any.whl", Path(folder) / f"{stem}.tar.gz"
    absent = [f"{path.name} was not built" for path in (wheel, sdist) if not path.is_file()]
    tracked = set(git("ls-files").splitlines()) - {".gitattributes"}
    if absent or not tracked:
        return absent or ["this is no git repository: nobody can tell what belongs to the release"]
    return archives.wheel_problems(archives.wheel_names(wheel), tracked) + archives.sdist_problems(
        archives.sdist_names(sdist), tracked
    )


def check_same(one: str, other: str) -> list[str]:
    """Two wheels, byte for byte."""
    first, second = (hashlib.sha256(Path(name).read_bytes()).hexdigest() for name in (one, other))
    return [] if first == second else [f"two builds differ: {one} is {first[:12]}, {other} is {second[:12]}"]


def check_changelog() -> list[str]:
    """CHANGELOG.md as it is now."""
    tags = [tag for tag in git("tag", "--points-at", "HEAD").splitlines() if re.fullmatch(r"v\d.*", tag)]
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    return [f"CHANGELOG.md: {one}" for one in changelog.problems(text, project()["version"], tags[0] if tags else None)]


def check_materials(file: str) -> list[str]:
    """A CycloneDX document of an environment that was made from requirements/demo.txt."""
    text = Path(file).read_text(encoding="utf-8")
    pins = (ROOT / "requirements/demo.txt").read_text(encoding="utf-8")
    allowed = tomllib.loads((ROOT / "tools/licences.toml").read_text(encoding="utf-8"))
    found = materials.problems(text, pins, project()["version"])
    return found or licences.problems(json.loads(text)["components"], allowed)


def check_demo(file: str) -> list[str]:
    """The document of a demo that ended well."""
    document = json.loads(Path(file).read_text(encoding="utf-8"))
    found = [] if document["replaced"] else ["the demo has replaced nothing"]
    return found + [f"the demo could not replace {one['predecessor']}" for one in document["undone"]]


CHECKS: dict[str, Callable[..., list[str]]] = {
    "archives": check_archives,
    "same": check_same,
    "changelog": check_changelog,
    "materials": check_materials,
    "demo": check_demo,
}


def main(name: str, *arguments: str) -> int:
    """Run one check and print what it found."""
    found = CHECKS[name](*arguments)
    for problem in found:
        sys.stderr.write(f"release check: {problem}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
