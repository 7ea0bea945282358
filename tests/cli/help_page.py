"""docs/cli.md, from the help of every command: `python -m tests.cli.help_page > docs/cli.md`."""

import io
import os
import sys
from contextlib import redirect_stdout

from controller.cli.command import run_command

WIDTH = "100"

HEAD = """\
# The command line

Generated from the commands' own help (`python -m tests.cli.help_page > docs/cli.md`).

Output is plain when piped, coloured on a terminal, and never coloured where `NO_COLOR` is set. Errors are one line on
standard error; `REPAVE_DEBUG=1` adds where they came from. What `--json` prints is in [json.md](json.md).

| exit code | meaning |
|---|---|
| 0 | it worked |
| 1 | any error; for `run --until-settled`: a replacement failed, or a breaker is open |
| 2 | `validate`: the configuration cannot be used; `plan --detailed-exitcode`: replacements are wanted |
| 3 | `run --until-settled`: a hold stops a replacement that is under way |
| 130 | Ctrl-C |

The configuration comes from `-c`, else `REPAVE_CONFIG`, else `./repave.yaml`.

`get`, `trace`, `hold`, `resume`, `approve`, `abort` and `replace` are about a running daemon. They ask the one at
`REPAVE_URL`, with the token in `REPAVE_TOKEN` (see [api.md](api.md)). With `-c`, or without that address, they go to
the journal of the configuration directly, so they work whether or not a daemon is up. What they print is the same.
"""

COMMANDS = (
    "",
    "demo",
    "validate",
    "schema",
    "plan",
    "why",
    "run",
    "health",
    "get",
    "get fleets",
    "get instances",
    "get replacements",
    "get requests",
    "trace",
    "hold",
    "resume",
    "approve",
    "abort",
    "replace",
)


def page() -> str:
    """The whole page."""
    os.environ["COLUMNS"] = WIDTH
    return HEAD + "".join(f"\n## {f'repave {name}'.strip()}\n\n```\n{help_of(name)}```\n" for name in COMMANDS)


def help_of(command: str) -> str:
    """What `repave COMMAND --help` prints."""
    out = io.StringIO()
    with redirect_stdout(out):
        run_command([*command.split(), "--help"])
    return out.getvalue()


if __name__ == "__main__":
    sys.stdout.write(page())
