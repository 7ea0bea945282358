"""The checks bite: a violation planted in a copy of the project turns its check red, and a clean copy stays green."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from tests.house.checks import CHECKS
from tests.house.clocks import clocks_and_chance, sleeping_tests
from tests.house.project import Project
from tests.house.reach import dead_files
from tests.house.shape import MOST_FILE_LINES, MOST_FUNCTION_LINES, long_files, long_functions, one_spec_per_file
from tests.house.words import impure_imports, machine_places, mending_calls

Check = Callable[[Project], list[str]]

LONG_FUNCTION = "def long() -> None:\n" + "    pass\n" * MOST_FUNCTION_LINES
TWO_PROBES = "PROBE = ProbeSpec(id='one')\nPROBE_TOO = ProbeSpec(id='two')\n"

# check, file, what is planted there
PLANTS: list[tuple[Check, str, str]] = [
    (clocks_and_chance, "controller/decide/judge.py", "import datetime\nNOW = datetime.datetime.now(datetime.UTC)\n"),
    (clocks_and_chance, "controller/decide/plan.py", "from datetime import datetime as dt\nread = dt.utcnow\n"),
    (clocks_and_chance, "controller/act/steps.py", "from dataclasses import field\nfrom uuid import uuid4\n"),
    (clocks_and_chance, "controller/act/steps.py", "import asyncio\nstarted = asyncio.get_running_loop().time()\n"),
    (clocks_and_chance, "controller/loop.py", "import asyncio\nwait = asyncio.sleep\n"),
    (clocks_and_chance, "controller/loop.py", "from random import shuffle\n"),
    (dead_files, "controller/forgotten.py", '"""Nobody imports this."""\n'),
    (dead_files, "probes/_forgotten.py", '"""Not a plug-in, and nobody imports it."""\n'),
    (impure_imports, "controller/decide/judge.py", "import shelve\n"),
    (impure_imports, "controller/domain/model.py", "def load() -> None:\n    import aiohttp\n"),
    (long_files, "controller/loop.py", "VALUE = 1\n" * (MOST_FILE_LINES + 1)),
    (long_functions, "controller/loop.py", LONG_FUNCTION),
    (machine_places, "docs/planted.md", "Look in /" + "home/somebody/repave.\n"),
    (machine_places, "requirements/planted.txt", "--" + "index-url example\n"),
    (mending_calls, "controller/platforms/asg.py", "async def mend(ec2):\n    await ec2.reboot_instances()\n"),
    (mending_calls, "controller/clients/aws.py", "CALL = 'SendCommand'\n"),
    (mending_calls, "controller/clients/aws.py", "import paramiko\n"),
    (mending_calls, "controller/act/steps.py", "import asyncio\nrun = asyncio.create_subprocess_exec\n"),
    (one_spec_per_file, "probes/planted.py", TWO_PROBES),
    (one_spec_per_file, "controller/decide/rules/planted.py", '"""A rule without its spec."""\n'),
    (sleeping_tests, "tests/domain/test_planted.py", "import time\ntime.sleep(1)\n"),
]


def copy(files: Iterable[Path], source: Path, target: Path) -> Path:
    for path in files:
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / path, target / path)
    return target


def plant(root: Path, path: str, text: str) -> None:
    """Append to a file, or make it."""
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    with (root / path).open("a", encoding="utf-8") as file:
        file.write(text)


def run(root: Path, tool: str, *arguments: str, ci: str = "") -> subprocess.CompletedProcess[str]:
    """A tool as the build runs it, on the copy: its `controller`, not the installed one."""
    environment = {**os.environ, "PYTHONPATH": str(root), "CI": ci}
    command = [str(Path(sys.executable).with_name(tool)), *arguments]
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of this project, uncommitted files included."""
    project = Project()
    return copy(project.files, project.root, tmp_path / "copy")


def test_an_unplanted_copy_is_as_tidy_as_the_original(checkout: Path) -> None:
    original, copied = Project(), Project(checkout)
    assert copied.files == original.files
    for check in CHECKS:
        assert check(copied) == check(original)


@pytest.mark.parametrize(("check", "path", "text"), PLANTS, ids=lambda value: getattr(value, "__name__", None))
def test_a_planted_violation_is_found(tmp_path: Path, check: Check, path: str, text: str) -> None:
    plant(tmp_path, path, text)
    problems = check(Project(tmp_path))
    assert problems, f"{check.__name__} did not see {text!r} in {path}"
    assert all(path in problem for problem in problems)


def test_every_tidy_check_has_a_plant() -> None:
    assert {check for check, _, _ in PLANTS} == set(CHECKS)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("controller/demo/wall.py", "import time\nnow = time.time\n"),
        ("controller/clock.py", "import uuid\nmake = uuid.uuid4\n"),
        ("controller/decide/judge.py", "from datetime import datetime\ndef age(now: datetime) -> float: ...\n"),
        ("controller/loop.py", "async def tick(clock):\n    await clock.sleep(clock.now())\n"),
        ("controller/record/trace.py", "import uuid\nderive = uuid.uuid5\n"),
        ("controller/clients/aws.py", "MESSAGE = 'we never call RebootInstances here'\n"),
        ("probes/planted.py", "PROBE = ProbeSpec(id='one')\n_TABLE = dict()\n"),
    ],
)
def test_what_is_allowed_stays_allowed(tmp_path: Path, path: str, text: str) -> None:
    plant(tmp_path, path, text)
    checks = [check for check in CHECKS if check is not dead_files]
    assert [problem for check in checks for problem in check(Project(tmp_path))] == []


def test_a_file_lives_through_whoever_imports_it(tmp_path: Path) -> None:
    plant(tmp_path, "controller/__init__.py", "")
    plant(tmp_path, "controller/cli/__init__.py", "from controller.cli import run\n")
    plant(tmp_path, "controller/cli/run.py", "COMMAND = ['-m', 'controller.demo']\n")
    plant(tmp_path, "controller/demo/__main__.py", "import controller.demo.one\n")
    plant(tmp_path, "controller/demo/one.py", "")
    plant(tmp_path, "controller/demo/__init__.py", "")
    assert dead_files(Project(tmp_path)) == []
    plant(tmp_path, "controller/demo/two.py", "from controller.demo import three\n")
    plant(tmp_path, "controller/demo/three.py", "from controller.demo import two\n")
    assert len(dead_files(Project(tmp_path))) == 2, "two files that only import each other are dead"


LAYERS = [
    ("controller/domain/model.py", "import controller.operations\n", "The core column"),
    ("controller/utils.py", "", "every module of controller has its place"),
    ("controller/operations.py", "import controller.settings\n", "The core does not know the adapters"),
    ("controller/settings/planted.py", "import controller.operations\n", "The adapters do not know the core"),
    ("controller/settings/planted.py", "import controller.journal\n", "siblings do not know each other"),
    ("probes/planted.py", "import controller.clock\n", "Probes know the domain and the clients"),
    ("controller/domain/model.py", "import socket\n", "can do I/O"),
    ("controller/decide/planted.py", "import time\n", "can do I/O"),
    ("controller/cli/planted.py", "import controller.settings\n", "Only app joins"),
    ("controller/app/planted.py", "import moto\n", "does not know the demo's emulator"),
]


def lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    return run(root, "lint-imports", "--no-cache", "--no-logo")


def test_an_unplanted_copy_keeps_its_layers(checkout: Path) -> None:
    result = lint_imports(checkout)
    assert result.returncode == 0, result.stdout + result.stderr
    assert " 0 broken" in result.stdout


@pytest.mark.parametrize(("path", "text", "contract"), LAYERS)
def test_a_crossed_layer_is_found(checkout: Path, path: str, text: str, contract: str) -> None:
    for package in ("operations.py", "settings/__init__.py", "journal/__init__.py", "decide/__init__.py", "clock.py"):
        plant(checkout, f"controller/{package}", "")
    plant(checkout, path, text)
    result = lint_imports(checkout)
    broken = [line for line in result.stdout.splitlines() if line.endswith("BROKEN")]
    assert result.returncode == 1, result.stdout + result.stderr
    assert any(contract in line for line in broken), broken


SKIPS = {
    "test_inside": "import pytest\ndef test_planted():\n    pytest.skip('not today')\n",
    "test_marked": "import pytest\n@pytest.mark.skipif(True, reason='not today')\ndef test_planted(): ...\n",
    "test_module": "import pytest\npytest.importorskip('no_such_module_anywhere')\n",
}


def test_a_skipped_test_fails_the_build(checkout: Path) -> None:
    for name, text in SKIPS.items():
        plant(checkout, f"tests/planted/{name}.py", text)
    command = ("pytest", "-q", "--continue-on-collection-errors", "tests/planted")
    by_hand = run(checkout, *command)
    assert "3 skipped" in by_hand.stdout, by_hand.stdout
    build = run(checkout, *command, ci="true")
    assert build.returncode == 1
    assert "1 failed, 2 errors" in build.stdout, build.stdout
    assert build.stdout.count("nothing may be skipped when CI=true") >= len(SKIPS)
