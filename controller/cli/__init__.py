"""The `repave` command, one file per group of commands. Each imports what it needs when it runs: help is instant."""

import sys


def main() -> None:
    """The console script."""
    if sys.argv[1:] == ["health"]:  # what a container is asked all the time, by an engine that waits 5 s, loads no library
        from controller.cli import alive

        sys.exit(alive.main())
    from controller.cli import command

    command.main()
