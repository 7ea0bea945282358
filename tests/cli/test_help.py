"""Help says what a person needs, and the docs say the same."""

from pathlib import Path

import pytest

from controller.cli import command
from tests.cli.help_page import COMMANDS, WIDTH, help_of, page

DOCS = Path(command.__file__).parents[2] / "docs"


def test_the_docs_are_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", WIDTH)
    shown = (DOCS / "cli.md").read_text(encoding="utf-8")
    assert shown == page(), "docs/cli.md is out of date: `python -m tests.cli.help_page > docs/cli.md`"


@pytest.mark.parametrize("name", [name for name in COMMANDS if name])
def test_every_command_has_an_example(name: str) -> None:
    text = help_of(name)
    assert "\n  Example" in text
    assert f"\n      repave {name}" in text


def test_every_command_is_on_the_page() -> None:
    listed = help_of("").split("Commands:\n")[1].split("\n")
    assert {line.split()[0] for line in listed if line.strip()} == {
        name for name in COMMANDS if name and " " not in name
    }
