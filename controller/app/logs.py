"""Where this process logs to, and how much."""

from collections.abc import Mapping
from typing import TextIO

from controller.clock import SystemClock
from controller.domain.errors import ConfigError
from controller.record.logs import set_up_logs

LEVEL = "REPAVE_LOG_LEVEL"
LEVELS = ("debug", "info", "warning", "error")


def set_up(stream: TextIO, environment: Mapping[str, str]) -> None:
    """Send every log line to `stream`: readable on a terminal, in colour unless NO_COLOR is set; JSON anywhere else.

    Raises ConfigError when REPAVE_LOG_LEVEL is none of LEVELS.
    """
    level = (environment.get(LEVEL) or "info").lower()
    if level not in LEVELS:
        raise ConfigError(f"{LEVEL} is {level!r}; it may be {', '.join(LEVELS)}")
    set_up_logs(SystemClock(), stream, level=level, colours=not environment.get("NO_COLOR"))
