"""Plays stories side by side, each player in a process with a nursery of its own: a story uses one core at a time."""

import os
import sys
from collections.abc import Collection
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.scenarios.harness.case import Case
from tests.scenarios.harness.play import LONGEST_SECONDS, play
from tests.support.worlds import nursery

MOST_PLAYERS = 4


class Troupe:
    """As many players as there are cores, four at most. Close it at the end."""

    def __init__(self) -> None:
        players = min(os.cpu_count() or 1, MOST_PLAYERS)
        self._pool = ProcessPoolExecutor(players, mp_context=get_context("spawn"), initializer=_be_quiet)
        self._asked: dict[tuple[str, tuple[str, ...]], Future[str]] = {}

    def ask(self, case: Case, without: Collection[str] = (), longest_seconds: float = LONGEST_SECONDS) -> "Future[str]":
        """The report of a story, some time; asked twice, it is played once. See `play`."""
        key = (case.name, tuple(without))
        if key not in self._asked:
            self._asked[key] = self._pool.submit(_tell, case, key[1], longest_seconds)
        return self._asked[key]

    def close(self) -> None:
        """No more stories; what nobody waits for is dropped."""
        self._pool.shutdown(cancel_futures=True)


def _be_quiet() -> None:
    """A player's log lines would stand between those of the tests."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _tell(case: Case, without: Collection[str], longest_seconds: float) -> str:
    with TemporaryDirectory() as folder:
        return play(case, nursery(), Path(folder), without=without, longest_seconds=longest_seconds)
