"""Where this process logs to."""

from typing import TextIO

from controller.clock import SystemClock
from controller.record.logs import set_up_logs


def set_up(stream: TextIO, *, colours: bool) -> None:
    """Send every log line to `stream`: readable on a terminal, JSON anywhere else."""
    set_up_logs(SystemClock(), stream, colours=colours)
