"""What has to be in the wheel and in the source distribution, and what must not."""

import tarfile
import zipfile
from collections.abc import Set
from pathlib import Path, PurePosixPath

PACKAGES = ("controller/", "probes/")
ONLY_IN_SDIST = {"PKG-INFO"}
REQUIRED_IN_WHEEL = {"controller/py.typed", "probes/py.typed", "controller/demo/demo.yaml", "controller/__main__.py"}
REQUIRED_IN_SDIST = {
    "LICENSE",
    "README.md",
    "CHANGELOG.md",
    "pyproject.toml",
    "config/schema.json",
    "requirements/runtime.txt",
}
METADATA = {"METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE"}


def wheel_problems(names: Set[str], tracked: Set[str]) -> list[str]:
    """One sentence for each file too many or too few. names: in the wheel. tracked: in the repository."""
    metadata = {name for name in names if PurePosixPath(name).parts[0].endswith(".dist-info")}
    wanted = {name for name in tracked if name.startswith(PACKAGES)}
    inner = {name.partition("/")[2] for name in metadata}
    found = [f"the wheel has no {name}" for name in sorted(wanted - names | REQUIRED_IN_WHEEL - names)]
    found += [f"the wheel has {name}, which is not in the repository" for name in sorted(names - metadata - wanted)]
    return found + [f"the wheel's metadata has no {name}" for name in sorted(METADATA - inner)]


def sdist_problems(names: Set[str], tracked: Set[str]) -> list[str]:
    """One sentence for each file too many or too few. names: in the archive, below its one folder."""
    found = [f"the source distribution has no {name}" for name in sorted(tracked - names | REQUIRED_IN_SDIST - names)]
    odd = names - tracked - ONLY_IN_SDIST
    found += [f"the source distribution has {name}, which is not in the repository" for name in sorted(odd)]
    if not any(name.startswith("deploy/") for name in names):
        found.append("the source distribution has nothing of deploy/")
    return found


def wheel_names(path: Path) -> set[str]:
    """Every file in a wheel."""
    with zipfile.ZipFile(path) as archive:
        return {name for name in archive.namelist() if not name.endswith("/")}


def sdist_names(path: Path) -> set[str]:
    """Every file in a source distribution, below its one folder."""
    with tarfile.open(path) as archive:
        return {member.name.partition("/")[2] for member in archive.getmembers() if not member.isdir()}
