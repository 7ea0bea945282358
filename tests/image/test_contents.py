"""What is in the image, and what is not."""

import json
import re
import stat
import subprocess
import tomllib
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tests.house.project import ROOT
from tests.image.look import Image, tells_too_much
from tests.support.docker_engine import Api
from tools.release import materials

pytestmark = pytest.mark.timeout(900)  # the first test that asks for an image may have to build it

STATE = "var/lib/repave"
FROM_THE_ENGINE = {".dockerenv", "etc/hostname", "etc/hosts", "etc/resolv.conf", "etc/mtab", "dev/console"}


@pytest.fixture(scope="module")
def made(engine: Api, image: str) -> Image:
    return Image(engine, image)


def pinned(requirements: str) -> set[tuple[str, str]]:
    """Name and version of each package that a set of requirements pins for a Linux of today."""
    text = (ROOT / f"requirements/{requirements}.txt").read_text(encoding="utf-8")
    linux = {"sys_platform": "linux", "platform_system": "Linux", "implementation_name": "cpython"}
    return set(materials.pinned(text, **linux).items())


def git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def test_the_only_commands_are_repave_and_its_python(made: Image) -> None:
    folders = {"bin", "sbin", "usr/bin", "usr/sbin", "usr/local/bin", "usr/local/sbin", "usr/lib/repave/bin"}
    commands = {
        PurePosixPath(entry.name).name
        for entry in made.files
        if str(PurePosixPath(entry.name).parent) in folders and not entry.isdir()
    }
    assert {re.sub(r"^python3\.\d+$", "python3.X", name) for name in commands} == {
        "python",
        "python3",
        "python3.X",
        "repave",
    }


def test_nothing_else_can_be_started(made: Image) -> None:
    """Executable files: the commands, libraries, and the loader. No shell, no package manager, no compiler."""
    odd = [
        entry.name
        for entry in made.files
        if entry.isfile()
        and entry.mode & 0o111
        and entry.name not in FROM_THE_ENGINE
        and not re.search(r"(?:\.so(?:\.[\d.]+)?|/bin/python3\.\d+|/bin/repave)$", entry.name)
        and entry.size
    ]
    assert odd == []


def test_no_tool_that_installs_anything(made: Image) -> None:
    names = {part for entry in made.files for part in PurePosixPath(entry.name).parts}
    assert not names & {
        "pip",
        "setuptools",
        "ensurepip",
        "wheel",
        "uv",
        "hatchling",
        "cyclonedx_py",
        "apt",
        "dpkg-query",
    }


def test_nothing_is_setuid_and_one_folder_is_the_users(made: Image) -> None:
    own = {entry.name: entry for entry in made.files if entry.name not in FROM_THE_ENGINE and not entry.issym()}
    assert [name for name, entry in own.items() if entry.mode & (stat.S_ISUID | stat.S_ISGID)] == []
    assert [name for name, entry in own.items() if entry.mode & 0o022] == []
    assert [name for name, entry in own.items() if (entry.uid, entry.gid) != (0, 0)] == [STATE]
    assert (own[STATE].uid, own[STATE].gid) == (65532, 65532)


def test_how_it_is_started(made: Image) -> None:
    config = made.config
    assert config["User"] == "65532:65532"
    assert (config["Entrypoint"], config["Cmd"]) == (["repave"], ["run"])
    assert config["Healthcheck"]["Test"] == ["CMD", "repave", "health"]
    assert (config["StopSignal"], config["WorkingDir"]) == ("SIGTERM", "/var/lib/repave")
    assert "REPAVE_CONFIG=/etc/repave/repave.yaml" in config["Env"]
    assert not config.get("Volumes")


def test_the_labels_say_what_it_was_made_of(made: Image) -> None:
    labels = {name.removeprefix("org.opencontainers.image."): value for name, value in made.config["Labels"].items()}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert (labels["title"], labels["version"], labels["licenses"]) == (
        "repave",
        project["version"],
        project["license"],
    )
    assert labels["revision"].removesuffix("-modified") == git("rev-parse", "HEAD")
    created = datetime.fromisoformat(labels["created"])
    assert created == datetime.fromtimestamp(int(git("log", "-1", "--format=%ct")), UTC)
    assert labels["source"] == ""


@pytest.mark.parametrize("requirements", ["runtime", "demo"])
def test_the_bill_of_materials_lists_exactly_what_is_pinned(
    engine: Api, requirements: str, request: pytest.FixtureRequest
) -> None:
    made = Image(engine, request.getfixturevalue("image" if requirements == "runtime" else "demo_image"))
    document: dict[str, Any] = json.loads(made.materials)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(made.materials) is None
    listed = {(materials.canonical(part["name"]), part["version"]) for part in document["components"]}
    assert listed == pinned(requirements)
    assert document["metadata"]["component"]["name"] == "repave"


def test_nothing_is_installed_but_what_is_pinned(made: Image) -> None:
    installed = {
        tuple(PurePosixPath(entry.name).name.removesuffix(".dist-info").split("-"))
        for entry in made.files
        if entry.name.endswith(".dist-info")
    }
    assert {materials.canonical(name) for name, _ in installed} == {name for name, _ in pinned("runtime")} | {"repave"}


def test_scanners_find_the_systems_packages(made: Image) -> None:
    if not any(entry.name.startswith("var/lib/dpkg/") for entry in made.files):
        assert "debian" not in made.text("etc/os-release")
        return
    listed = {name for entry in made.files if (name := entry.name).startswith("var/lib/dpkg/status.d/")}
    (ssl,) = (name for name in listed if "/libssl3" in name)  # libssl3t64 since Debian 13
    assert re.search(r"^Version: 3\.", made.text(ssl), re.MULTILINE)
    assert "var/lib/dpkg/status.d/libc6" in listed


def test_it_says_nothing_of_a_secret_or_of_the_machine_that_built_it(made: Image) -> None:
    said = [made.history, json.dumps(made.config), made.materials]
    said += [made.text(entry.name) for entry in made.files if entry.name.endswith(("/direct_url.json", "/pyvenv.cfg"))]
    assert [one for text in said for one in tells_too_much(text)] == []
    assert str(ROOT) not in "".join(said)


@pytest.mark.parametrize(
    "planted",
    [
        "ENV REPAVE_TOKEN=hunter2hunter2hunter2",
        '"Env": ["DB_PASSWORD=x"]',
        "ARG PIP_INDEX_URL=https://me:secret@example.org/simple",
        "RUN pip install --" + "index-url=https://example.org",
        "COPY /home" + "/me/.config/pip",
        "AWS_ACCESS_KEY_ID=AKIA" + "A" * 16,
    ],
)
def test_a_planted_secret_is_seen(planted: str) -> None:
    assert tells_too_much(f"/bin/sh -c #(nop) {planted}") != []
