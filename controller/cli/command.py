"""Puts the commands together, and turns every error into one line."""

import inspect
import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from importlib.metadata import version

import typer

from controller.cli import get
from controller.cli.check import schema, validate
from controller.cli.decide import plan, why
from controller.cli.demo import demo
from controller.cli.health import health
from controller.cli.output import complain
from controller.cli.run import run
from controller.cli.say import abort, approve, replace
from controller.cli.stop import hold, resume
from controller.cli.trace import trace
from controller.domain.errors import ConfigError, RepaveError

INTERRUPTED = 130
TERMINATED = 143
FIRST_PROCESS = 1

ABOUT = """Watches fleets through the telemetry they already emit, and replaces the servers that rot.

It never logs in, never patches and never restarts anything: it launches a fresh instance, proves that it is better,
and only then drains and ends the old one. Every yes and every no is explained.

Start with `repave demo`; then write a repave.yaml, `repave validate` it, and ask `repave plan` what it would do.
"""


def main() -> None:
    """The console script."""
    if os.getpid() == FIRST_PROCESS:
        signal.signal(signal.SIGTERM, _end)
    sys.exit(run_command(sys.argv[1:]))


def _end(*_: object) -> None:
    """A container's first process is not ended by a signal that it has no handler for; the daemon sets its own."""
    os._exit(TERMINATED)


def build() -> typer.Typer:
    """The whole command line."""
    app = typer.Typer(
        name="repave",
        help=ABOUT,
        add_completion=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    app.callback()(_root)
    looking = typer.Typer(rich_markup_mode=None)
    _add(looking, get.fleets, get.instances, get.replacements, get.requests)
    app.add_typer(looking, name="get", help=_with_examples(get.HELP))
    _add(app, demo, validate, schema, plan, why, run, health, trace, hold, resume, approve, abort, replace)
    return app


def _add(app: typer.Typer, *commands: Callable[..., None]) -> None:
    for command in commands:
        app.command(help=_with_examples(command.__doc__ or ""))(command)


def _with_examples(text: str) -> str:
    """The help text, marked so that its examples keep their lines."""
    return inspect.cleandoc(text).replace("\n\nExample", "\n\n\b\nExample")


def run_command(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code. Errors are one line on standard error, never a traceback, unless
    REPAVE_DEBUG=1 asks for it."""
    try:
        code = build()(list(arguments) or ["--help"], prog_name="repave", standalone_mode=False)
        sys.stdout.flush()
        return int(code or 0)
    except ConfigError as error:
        return _failed(error, str(error))
    except typer.TyperException as error:
        context = getattr(error, "ctx", None)
        hint = f" (see `{context.command_path} --help`)" if context else ""
        return _failed(error, f"repave: {error.format_message()}{hint}")
    except RepaveError as error:
        return _failed(error, f"repave: {error}")
    except BrokenPipeError:  # the reader has left: what is still to be written goes nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _failed(error, f"repave: {where}{error.strerror or error}")
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last line of defence: a person gets a sentence
        what = f"{type(error).__name__}: {error}"
        return _failed(error, f"repave: unexpected error: {what} (REPAVE_DEBUG=1 shows where it came from)")


def _failed(error: Exception, message: str) -> int:
    if os.environ.get("REPAVE_DEBUG") == "1":
        traceback.print_exception(error)
    complain(message)
    return 1


def _show_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"repave {version('repave')}\n")
        raise typer.Exit


def _root(
    _version: bool = typer.Option(
        False, "--version", help="Print the version and exit.", callback=_show_version, is_eager=True
    ),
) -> None:
    """Holds the options that come before a command."""
