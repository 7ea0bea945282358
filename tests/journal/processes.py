"""Starting `tests.journal.child`, and never leaving one behind."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parents[2]


class Child:
    def __init__(self, process: subprocess.Popen[str], stdin: IO[str], stdout: IO[str]) -> None:
        self._process = process
        self._stdin = stdin
        self._stdout = stdout

    def line(self) -> str:
        """The next thing it says, waited for; empty when it is gone."""
        return self._stdout.readline().strip()

    def go(self) -> None:
        """Give it the line that it waits for."""
        self._stdin.write("go\n")
        self._stdin.flush()

    def kill(self) -> list[str]:
        """SIGKILL it; what it had said and we had not read yet."""
        self._process.kill()
        self._process.wait()
        return self._stdout.read().splitlines()


@contextmanager
def child(*arguments: str) -> Iterator[Child]:
    command = [sys.executable, "-m", "tests.journal.child", *arguments]
    with subprocess.Popen(command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        try:
            yield Child(process, process.stdin, process.stdout)
        finally:
            process.kill()
