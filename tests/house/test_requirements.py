"""The pins are whole: each declared dependency, at a version that it allows, with hashes, the same in every set."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.house.project import ROOT

SETS = ("runtime", "demo", "dev")


def pins(name: str) -> dict[str, str]:
    """Package and exact version of each pin of requirements/<name>.txt."""
    text = (ROOT / f"requirements/{name}.txt").read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9-]+)==([^ ;]+)", text, flags=re.MULTILINE))


def declared(name: str) -> list[Requirement]:
    """What pyproject.toml asks for in that set."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = list(pyproject["project"]["dependencies"])
    if name != "runtime":
        wanted += pyproject["project"]["optional-dependencies"]["demo"]
    if name == "dev":
        wanted += pyproject["dependency-groups"]["dev"]
    return [Requirement(line) for line in wanted]


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("name", SETS)
def test_every_declared_dependency_is_pinned_within_its_bounds(name: str) -> None:
    pinned = pins(name)
    for requirement in declared(name):
        version = pinned.get(canonical(requirement.name))
        assert version, f"{requirement.name} is not in requirements/{name}.txt: run `make lock`"
        assert requirement.specifier.contains(version, prereleases=True), (
            f"{requirement} but {version}: run `make lock`"
        )


@pytest.mark.parametrize("path", sorted((ROOT / "requirements").glob("*.txt")), ids=lambda path: path.stem)
def test_every_pin_has_hashes(path: Path) -> None:
    entries = re.split(r"\n(?=[a-z0-9])", path.read_text(encoding="utf-8"))
    unhashed = [entry.partition("\n")[0] for entry in entries if "==" in entry and "--hash=sha256:" not in entry]
    assert len(entries) > 1
    assert unhashed == []


def test_a_package_has_one_version_everywhere() -> None:
    everything = pins("dev")
    for name in ("runtime", "demo"):
        assert pins(name).items() <= everything.items()
    for name in ("setup", "image"):
        shared = pins(name).keys() & everything.keys()
        assert {one: pins(name)[one] for one in shared} == {one: everything[one] for one in shared}
    assert pins("image")["hatchling"] == pins("setup")["hatchling"]
