"""The `repave` command, one file per group of commands. Each imports what it needs when it runs: help is instant."""

from controller.cli.command import main

__all__ = ["main"]
