"""Whatever goes wrong is one line that says what to do, and an exit code."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from controller.cli import command
from controller.journal.adapter import JournalAdapter
from tests.cli.conftest import repave, written
from tests.journal.material import accepted, begun, lease_of


def one_line(text: str) -> str:
    assert text.count("\n") == 1, text
    assert "Traceback" not in text
    return text.strip()


def test_the_bare_command_is_help() -> None:
    result = repave()
    assert result.code == 0
    for name in ("demo", "validate", "schema", "plan", "why", "run", "get", "trace", "hold", "resume"):
        assert f"\n  {name} " in result.out


def test_the_version() -> None:
    assert repave("--version").out.startswith("repave 0.")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["paln"], "Did you mean 'plan'"),
        (["plan", "--jsno"], "No such option: --jsno"),
        (["why"], "Missing argument"),
        (["get"], "Missing command. (see `repave get --help`)"),
        (["hold", "web"], "Missing option"),
        (["demo", "--port", "70000"], "less than or equal to 65535"),
    ],
)
def test_a_slip_of_the_hand(arguments: list[str], words: str) -> None:
    result = repave(*arguments)
    assert result.code == 1, "2 means something else to `plan --detailed-exitcode`"
    assert words in one_line(result.err)
    assert result.out == ""


@pytest.mark.parametrize("name", ["plan", "why", "run"])
def test_without_a_configuration(name: str) -> None:
    result = repave(name, *(["i-1"] if name == "why" else []))
    assert result.code == 1
    assert "REPAVE_CONFIG" in one_line(result.err)


ABOUT_A_DAEMON = [
    ["get", "fleets"],
    ["get", "instances"],
    ["get", "replacements"],
    ["trace", "r-1"],
    ["hold", "web", "--reason", "x"],
    ["resume", "web"],
    ["approve", "r-1"],
    ["abort", "r-1"],
    ["replace", "i-1", "--reason", "x"],
]


@pytest.mark.parametrize("arguments", ABOUT_A_DAEMON)
def test_about_a_daemon_both_ways_are_named(arguments: list[str]) -> None:
    result = repave(*arguments)
    assert result.code == 1
    line = one_line(result.err)
    assert "-c CONFIG" in line
    assert "REPAVE_URL" in line


def test_with_c_an_address_does_not_matter(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPAVE_URL", "http://127.0.0.1:8080")
    assert repave("get", "fleets", "-c", str(config)).code == 0


def test_the_three_ways_to_name_a_configuration(config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPAVE_CONFIG", str(config))
    assert repave("get", "fleets").code == 0
    assert repave("get", "fleets", "-c", "absent.yaml").code == 1, "-c goes before REPAVE_CONFIG"
    monkeypatch.delenv("REPAVE_CONFIG")
    assert repave("get", "fleets").code == 1
    config.rename(tmp_path / "repave.yaml")
    assert repave("get", "fleets").code == 0


def test_a_journal_that_cannot_be_used(config: Path, tmp_path: Path) -> None:
    (tmp_path / "journal.db").write_text("this is no database, and never was one; it only looks like a file\n" * 20)
    for arguments in (["get", "fleets"], ["hold", "web", "--reason", "x"]):
        result = repave(*arguments, "-c", str(config))
        assert result.code == 1
        assert "journal.db" in one_line(result.err)


def test_an_error_nobody_thought_of(monkeypatch: pytest.MonkeyPatch, config: Path) -> None:
    def broken(_: str | None) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("controller.cli.get.desk_for", broken)
    result = repave("get", "fleets", "-c", str(config))
    assert result.code == 1
    told = one_line(result.err)
    assert told == "repave: unexpected error: ZeroDivisionError: a bug (REPAVE_DEBUG=1 shows where it came from)"
    monkeypatch.setenv("REPAVE_DEBUG", "1")
    assert "Traceback" in repave("get", "fleets", "-c", str(config)).err


def test_an_os_error_names_the_file(monkeypatch: pytest.MonkeyPatch, config: Path) -> None:
    def full(_: str | None) -> None:
        raise OSError(28, "No space left on device", "somewhere/file")

    monkeypatch.setattr("controller.cli.get.desk_for", full)
    assert repave("get", "fleets", "-c", str(config)).err == "repave: somewhere/file: No space left on device\n"


@pytest.mark.parametrize("arguments", [["schema"], ["--version"]], ids=["in the middle", "before the end"])
def test_a_reader_who_leaves_early_is_no_error(arguments: list[str]) -> None:
    """As in `repave schema | head -1`."""
    writing = [sys.executable, "-m", "controller", *arguments]
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    root = Path(command.__file__).parents[2]
    child = subprocess.Popen(writing, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=root, env=buffered)
    assert child.stdout is not None
    assert child.stderr is not None
    child.stdout.close()
    assert child.wait(timeout=60) == 1
    assert child.stderr.read() == b""
    child.stderr.close()


def test_help_is_there_at_once() -> None:
    """The libraries that take long to import are not imported for help."""
    code = (
        "import sys; from controller.cli.command import run_command; run_command(['--help'])\n"
        "slow = {'aiobotocore', 'botocore', 'sqlalchemy', 'pydantic', 'aiohttp', 'apscheduler', 'opentelemetry'}\n"
        "sys.exit(','.join(sorted(slow & set(sys.modules))) or 0)"
    )
    root = Path(command.__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("address", ["0.0.0.0:8080", "192.168.1.10:8080"])
def test_run_refuses_to_listen_to_strangers(tmp_path: Path, address: str) -> None:
    path = written(tmp_path)
    path.write_text(path.read_text().replace("127.0.0.1:0", address))
    result = repave("run", "-c", str(path))
    assert result.code == 1
    assert "conf.yaml:4:9" in one_line(result.err)
    assert "loopback" in result.err


async def test_run_refuses_a_configuration_that_leaves_out_a_fleet_in_the_middle(
    config: Path, journal: JournalAdapter
) -> None:
    lease = await lease_of(journal, "shop")
    await begun(journal, lease, accepted("r-7", fleet="shop"))
    result = repave("run", "-c", str(config), "--until-settled")
    assert result.code == 1
    assert "shop (r-7)" in one_line(result.err)
