"""The first SIGTERM or SIGINT asks the daemon to stop, and the process ends in time whatever it waits for; the second
ends it at once; SIGHUP has it read its configuration again."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Timer

SIGNALS = (signal.SIGTERM, signal.SIGINT)
AT_ONCE = 1

IN_TIME_SECONDS = 20.0
"""Whoever tells a container to stop kills it some time later: Docker and ECS after 30 s, if they are told nothing else.
A journal that hangs is waited for at each of its transactions, which may take longer."""


@contextmanager
def stop_signals(
    stop: Callable[[str], None], parked: Callable[[], list[str]], clean_up: Callable[[], None]
) -> Iterator[None]:
    """Within, the first signal calls `stop` with its name. A second one, or IN_TIME_SECONDS, names what is parked and
    ends the process, after `clean_up`, which must be quick.

    Ending at once is safe: whatever was going on is in the journal, and is gone on with after the next start.
    """
    loop = asyncio.get_running_loop()
    received: list[str] = []

    def end(why: str) -> None:
        try:
            clean_up()
            left = ", ".join(parked()) or "nothing was under way"
            sys.stderr.write(f"repave: {why}: ending at once; parked: {left}\n")
            sys.stderr.flush()
        finally:
            os._exit(AT_ONCE)

    # A thread: the loop itself may be what is kept waiting. It is never called off, because what comes after this
    # context is closed in the same time.
    overdue = Timer(IN_TIME_SECONDS, end, (f"not stopped within {IN_TIME_SECONDS:g} s",))
    overdue.daemon = True

    def on_signal(number: signal.Signals) -> None:
        received.append(number.name)
        if len(received) == 1:
            overdue.start()
            stop(number.name)
        else:
            end(f"{number.name} again")

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
