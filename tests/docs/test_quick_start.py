"""What the quick start says is printed is printed; what it shows of the stop button works."""

import re
from pathlib import Path

import pytest

from controller.cli.command import run_command

PAGE = (Path(__file__).parents[2] / "docs" / "quick_start.md").read_text(encoding="utf-8")


@pytest.fixture
def at_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the page's own repave.yaml in it."""
    (tmp_path / "repave.yaml").write_text(re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[0])
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("REPAVE_URL", raising=False)
    monkeypatch.delenv("REPAVE_CONFIG", raising=False)
    return tmp_path


def test_validating_says_what_the_page_says(at_its_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["validate", "repave.yaml"]) == 0
    said = capsys.readouterr().out.strip()
    assert f"$ repave validate repave.yaml\n{said}\n" in PAGE


def test_the_stop_button_works_without_a_daemon(at_its_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hold = ["hold", "all", "--for", "10m", "--reason", "trying the stop button"]
    assert '$ repave hold all --for 10m --reason "trying the stop button"' in PAGE
    assert run_command([*hold, "-c", "repave.yaml"]) == 0
    assert "all is held until" in capsys.readouterr().out
    assert run_command(["resume", "all", "-c", "repave.yaml"]) == 0
    assert capsys.readouterr().out == "all: 1 hold or breaker ended\n"
