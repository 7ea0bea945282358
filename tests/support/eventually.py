"""Waiting for what another process does: the only place in the tests of real processes that lets time pass."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

Seen = TypeVar("Seen")


async def eventually(
    look: Callable[[], Awaitable[Seen]],
    *,
    within_seconds: float = 10.0,
    every_seconds: float = 0.02,
) -> Seen:
    """Call `look` until what it gives is true-ish, and return that. Fails with what it gave last when time is up.

    `look` may also raise AssertionError for "not yet"; the last one is the failure.
    """
    deadline = time.monotonic() + within_seconds
    while True:
        last: object
        try:
            seen = await look()
            if seen:
                return seen
            last = f"the last look gave {seen!r}"
        except AssertionError as error:
            last = error
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within_seconds:g} s: {last}")
        await asyncio.sleep(every_seconds)
