"""What `make release-check` decides by, and that each mistake is seen. Building and installing is for the script."""

import copy
import json
import tomllib
from typing import Any

import pytest

from tests.house.project import ROOT
from tools.release import archives, changelog, licences, materials

TRACKED = {
    *archives.REQUIRED_IN_WHEEL,
    *archives.REQUIRED_IN_SDIST,
    "controller/cli/run.py",
    "deploy/compose.yaml",
    "tests/test_clock.py",
}
WHEEL = {name for name in TRACKED if name.startswith(archives.PACKAGES)} | {
    f"repave-0.1.0.dist-info/{name}" for name in archives.METADATA
}
SDIST = TRACKED | archives.ONLY_IN_SDIST


def test_good_archives() -> None:
    assert archives.wheel_problems(WHEEL, TRACKED) == []
    assert archives.sdist_problems(SDIST, TRACKED) == []


@pytest.mark.parametrize(
    "lost",
    ["controller/py.typed", "controller/demo/demo.yaml", "controller/cli/run.py", "repave-0.1.0.dist-info/RECORD"],
)
def test_what_a_wheel_lacks_is_seen(lost: str) -> None:
    assert len(archives.wheel_problems(WHEEL - {lost}, TRACKED)) == 1


@pytest.mark.parametrize("added", ["tests/test_clock.py", "controller/journal/scratch.db", "deploy/compose.yaml"])
def test_what_a_wheel_has_too_much_is_seen(added: str) -> None:
    problem = f"the wheel has {added}, which is not in the repository"
    assert archives.wheel_problems(WHEEL | {added}, TRACKED) == [problem]


@pytest.mark.parametrize("lost", ["LICENSE", "tests/test_clock.py", "deploy/compose.yaml"])
def test_what_a_source_distribution_lacks_is_seen(lost: str) -> None:
    assert f"the source distribution has no {lost}" in archives.sdist_problems(SDIST - {lost}, TRACKED)


def test_what_a_source_distribution_has_too_much_is_seen() -> None:
    assert len(archives.sdist_problems(SDIST | {"repave.yaml"}, TRACKED)) == 1


GOOD = """\
# Changelog

## [Unreleased]

## [0.2.0] - 2026-11-29

### Added

- More.

## [0.1.0] - 2026-11-01

### Fixed

- Something.
"""


def test_a_good_changelog() -> None:
    assert changelog.problems(GOOD, "0.2.0", None) == []
    assert changelog.problems(GOOD, "0.2.0", "v0.2.0") == []
    assert (
        changelog.problems(GOOD.replace("## [Unreleased]\n", "## [Unreleased]\n\n### Added\n\n- x\n"), "0.3.0", None)
        == []
    )


@pytest.mark.parametrize(
    ("before", "after", "version", "tag", "words"),
    [
        ("# Changelog", "# Changes", "0.2.0", None, "the first line is not"),
        ("## [Unreleased]\n", "", "0.2.0", None, "the first entry is not"),
        (" - 2026-11-29", "", "0.2.0", None, "[0.2.0] bears no date"),
        ("2026-11-29", "29.11.2026", "0.2.0", None, "[0.2.0] bears no date"),
        ("[0.2.0]", "[two]", "0.1.0", None, "[two] is no version"),
        ("### Added", "### New", "0.2.0", None, "[0.2.0] has a part `New`"),
        ("- More.", "- More.\n\n### Added\n\n- Again.", "0.2.0", None, "[0.2.0] has two parts `Added`"),
        ("", "", "0.3.0", None, "nothing is said under [Unreleased] nor under [0.3.0]"),
        ("", "", "0.3.0", "v0.2.0", "is tagged v0.2.0, and pyproject.toml says 0.3.0"),
        ("- More.", "", "0.2.0", "v0.2.0", "nothing is said under [0.2.0]"),
        ("## [Unreleased]\n", "## [Unreleased]\n\n### Fixed\n\n- x\n", "0.2.0", "v0.2.0", "[Unreleased] is not empty"),
    ],
)
def test_each_mistake_in_a_changelog_is_seen(
    before: str, after: str, version: str, tag: str | None, words: str
) -> None:
    found = changelog.problems(GOOD.replace(before, after, 1), version, tag)
    assert any(words in problem for problem in found), found


def part(name: str, *said: dict[str, Any]) -> dict[str, Any]:
    """A package as a bill of materials lists it."""
    return {"name": name, "version": "1.0", "licenses": list(said)}


def by_id(name: str) -> dict[str, Any]:
    return {"license": {"id": name}}


ALLOWED = {"licences": {"MIT": "yes", "Apache-2.0": "yes"}, "packages": {}}


@pytest.mark.parametrize(
    ("said", "fine"),
    [
        ((by_id("MIT"),), True),
        ((by_id("GPL-3.0-only"),), False),
        ((), False),
        (({"expression": "MIT OR GPL-3.0-only"},), True),
        (({"expression": "MIT AND GPL-3.0-only"},), False),
        (({"expression": "Apache-2.0 AND MIT"},), True),
        (({"expression": "(MIT OR GPL-3.0-only) AND Apache-2.0"},), True),
        ((by_id("MIT"), by_id("GPL-3.0-only")), False),
        ((by_id("MIT"), {"license": {"name": "License :: OSI Approved :: GNU General Public License"}}), False),
    ],
)
def test_a_licence_is_allowed_or_named(said: tuple[dict[str, Any], ...], fine: bool) -> None:
    assert (licences.problems([part("x", *said)], ALLOWED) == []) is fine


def test_an_exception_holds_for_what_it_says_alone() -> None:
    allowed = {**ALLOWED, "packages": {"some-library": {"licence": "LGPL-3.0-only", "reason": "unchanged"}}}
    assert licences.problems([part("Some_Library", by_id("LGPL-3.0-only"))], allowed) == []
    assert len(licences.problems([part("some._library", by_id("GPL-3.0-only"))], allowed)) == 2
    assert licences.problems([], allowed) == ["tools/licences.toml: no package some-library needs an exception"]


def test_every_licence_that_is_allowed_has_a_reason() -> None:
    allowed = tomllib.loads((ROOT / "tools/licences.toml").read_text(encoding="utf-8"))
    spoiled = copy.deepcopy(allowed)
    spoiled["packages"]["psycopg"]["reason"] = " "
    assert "tools/licences.toml: psycopg has no reason" in licences.problems([], spoiled)
    assert not [one for one in licences.problems([], allowed) if one.endswith("has no reason")]


PINS = "attrs==26.1.0 \\\n    --hash=sha256:00\ncolorama==0.4.6 ; sys_platform == 'nowhere' \\\n    --hash=sha256:00\n"


def document(**changes: object) -> str:
    """A bill of materials of one package."""
    about = {"type": "application", "name": "repave", "version": "0.1.0"}
    attrs = {"type": "library", "name": "attrs", "version": "26.1.0"}
    made = {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "metadata": {"component": about}}
    return json.dumps({**made, "components": [attrs], **changes})


def test_a_good_bill_of_materials() -> None:
    assert materials.problems(document(), PINS, "0.1.0") == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"components": []}, "has attrs nowhere, and 26.1.0 is pinned"),
        ({"components": [{"type": "library", "name": "attrs", "version": "1"}]}, "has attrs 1, and 26.1.0"),
        ({"components": [{"type": "library"}]}, "is not valid"),
        ({"bomFormat": "SPDX"}, "is not valid"),
        (
            {"metadata": {"component": {"type": "application", "name": "repave", "version": "0.0.9"}}},
            "repave 0.0.9, not",
        ),
    ],
)
def test_each_mistake_in_a_bill_of_materials_is_seen(changes: dict[str, object], words: str) -> None:
    found = materials.problems(document(**changes), PINS, "0.1.0")
    assert any(words in problem for problem in found), found
