"""Structured logs: one JSON object per line, or readable lines on a terminal; without secrets, and with the trace id
wherever a replacement is spoken of.
"""

import logging
from contextlib import AbstractContextManager
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from controller.domain.ports import Clock
from controller.record.ids import trace_id_of
from controller.record.redaction import redact

LIBRARIES = logging.WARNING
"""Libraries speak through the standard logging; of theirs only warnings and errors are kept."""


def set_up_logs(clock: Clock, stream: TextIO, *, level: str = "info", colours: bool = True) -> None:
    """Send every log line of this process to `stream`, with the clock's times.

    A terminal gets readable lines, in colour unless `colours` is False (NO_COLOR); anything else gets JSON.
    Set up twice, the last one counts.
    """
    structlog.configure(
        processors=processors(clock, terminal=stream.isatty(), colours=colours),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=LIBRARIES, handlers=[_Forward()], force=True)
    logging.captureWarnings(capture=True)


def about_fleet(fleet: str) -> AbstractContextManager[object]:
    """Every line logged within, by anyone in the same task, says which fleet it is about."""
    return structlog.contextvars.bound_contextvars(fleet=fleet)


def log_tick(
    fleet: str,
    sentence: str,
    *,
    settled: bool = False,
    standby: bool = False,
    looked: bool = False,
    stopped: bool = False,
) -> None:
    """The one line of a tick. Alarms count the lines that say `looked` and `stopped` (deploy/terraform/alarms.tf)."""
    log = structlog.get_logger("repave")
    log.info(sentence, fleet=fleet, settled=settled, standby=standby, looked=looked, stopped=stopped)


def processors(clock: Clock, *, terminal: bool, colours: bool) -> list[Processor]:
    """From an event to a line."""

    def timestamp(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        event["timestamp"] = clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return event

    rendering: list[Processor] = [structlog.dev.ConsoleRenderer(colors=colours)]
    if not terminal:
        rendering = [structlog.processors.JSONRenderer(ensure_ascii=False, default=str)]
    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        timestamp,
        add_trace_id,
        structlog.processors.format_exc_info,
        redact,
        *rendering,
    ]


def add_trace_id(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """A line about a replacement leads to its trace, also where the code that logs knows nothing of traces."""
    replacement_id = event.get("replacement_id")
    if isinstance(replacement_id, str) and replacement_id:
        event.setdefault("trace_id", trace_id_of(replacement_id))
    return event


class _Forward(logging.Handler):
    """Passes what libraries log on to structlog."""

    def emit(self, record: logging.LogRecord) -> None:
        log = structlog.get_logger().bind(logger=record.name)
        log.log(record.levelno, _message(record), exc_info=record.exc_info or None)


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError):
        return f"{record.msg} (with arguments that do not fit)"
