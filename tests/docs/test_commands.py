"""Each `repave` command that a page shows is one: its name, its arguments and its options exist."""

import re
import shlex
from typing import Any

import pytest
import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from controller.cli.command import build
from tests.docs.pages import Block, fenced, indented, pages

SHOWN = re.compile(r"^\s*\$?\s*(?P<command>repave(?: .*)?)$")
NO_COMMAND = {"CHANGELOG.md"}
COMMAND = typer.main.get_command(build())


def commands() -> list[tuple[str, str]]:
    """Where, and the command without what a shell or a reader adds to it."""
    found = []
    for page in pages():
        if page.name in NO_COMMAND:
            continue
        for block in (*fenced(page), *indented(page)):
            found += [(where, command) for where, command in lines(block)]
    return found


def lines(block: Block) -> list[tuple[str, str]]:
    shown = []
    for number, line in enumerate(block.text.splitlines()):
        if match := SHOWN.match(line):
            command = re.sub(r"\s+[>|&].*$|\s+2>.*$", "", re.split(r"\s{2,}#|\s#\s", match["command"])[0]).strip()
            shown.append((f"{block.page}:{block.line + number}", command))
    return shown


def refused(command: str) -> str | None:
    """What the command line says against it; None when it would begin to work."""
    words = shlex.split(command.replace("...", "xxx"))[1:]
    here: Any = COMMAND
    context = None
    try:
        while True:
            context = here.make_context("repave", list(words), parent=context)
            if not isinstance(here, TyperGroup):
                return None
            name, found, words = here.resolve_command(context, [*context._protected_args, *context.args])
            if found is None:
                return f"no command {name}"
            here = found
    except typer.Exit:
        return None
    except TyperException as error:
        return str(error)


COMMANDS = commands()


def test_the_pages_are_seen() -> None:
    assert len(COMMANDS) > 50
    assert {"repave plan", "repave resume all", "repave run"} <= {command for _, command in COMMANDS}


@pytest.mark.parametrize(("where", "command"), COMMANDS, ids=[where for where, _ in COMMANDS])
def test_the_command_exists(where: str, command: str) -> None:
    assert refused(command) is None


@pytest.mark.parametrize(
    "command", ["repave restart", "repave plan --all", "repave hold web --until 2h", "repave get pods", "repave trace"]
)
def test_a_planted_mistake_is_found(command: str) -> None:
    assert refused(command) is not None
