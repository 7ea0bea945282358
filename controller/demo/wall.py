"""The wall clock of the emulator. Nothing else in this package reads the time or waits for it to pass."""

import threading
import time
from datetime import UTC, datetime


def now() -> datetime:
    """The time of day, in UTC."""
    return datetime.now(UTC)


def epoch_ns() -> int:
    """The time of day in nanoseconds since 1970."""
    return time.time_ns()


def wait(seconds: float) -> None:
    """Let `seconds` pass on the calling thread."""
    threading.Event().wait(seconds)
