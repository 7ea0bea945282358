"""The first SIGTERM or SIGINT asks the daemon to stop, the second ends the process at once; SIGHUP has it read its
configuration again."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SIGNALS = (signal.SIGTERM, signal.SIGINT)
AT_ONCE = 1


@contextmanager
def stop_signals(
    stop: Callable[[str], None], parked: Callable[[], list[str]], clean_up: Callable[[], None]
) -> Iterator[None]:
    """Within, the first signal calls `stop` with its name; a second one names what is parked and ends the process,
    after `clean_up`, which must be quick.

    Ending at once is safe: whatever was going on is in the journal, and is gone on with after the next start.
    """
    loop = asyncio.get_running_loop()
    received: list[str] = []

    def on_signal(number: signal.Signals) -> None:
        received.append(number.name)
        if len(received) == 1:
            stop(number.name)
        else:
            clean_up()
            left = ", ".join(parked()) or "nothing was under way"
            sys.stderr.write(f"repave: {number.name} again: ending at once; parked: {left}\n")
            sys.stderr.flush()
            os._exit(AT_ONCE)

    for number in SIGNALS:
        loop.add_signal_handler(number, on_signal, number)
    try:
        yield
    finally:
        for number in SIGNALS:
            loop.remove_signal_handler(number)


@contextmanager
def reload_signal(reload: Callable[[], None] | None) -> Iterator[None]:
    """Within, SIGHUP calls `reload`, which must return at once. None: the signal means what it always does."""
    loop = asyncio.get_running_loop()
    if reload is not None:
        loop.add_signal_handler(signal.SIGHUP, reload)
    try:
        yield
    finally:
        if reload is not None:
            loop.remove_signal_handler(signal.SIGHUP)
