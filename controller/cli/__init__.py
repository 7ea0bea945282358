"""The `repave` command, one file per group of commands. Each imports what it needs when it runs: help is instant."""

import sys


def main() -> None:
    """The console script."""
    if sys.argv[1:] == ["health"]:  # an engine asks this of a container all the time, and waits 5 s
        from controller.cli import alive

        sys.exit(alive.main())
    from controller.cli import command

    command.main()
