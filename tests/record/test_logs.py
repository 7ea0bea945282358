import io
import json
import logging
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from controller.record.ids import trace_id_of
from controller.record.logs import about_fleet, log_tick, set_up_logs
from tests.record.receivers import HandClock

SECRET = "hunter2-hunter2"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    """The set-up is the process's own; other tests must find it as it was."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    structlog.reset_defaults()
    logging.captureWarnings(capture=False)
    root.handlers, root.level = handlers, level


@pytest.fixture
def out() -> io.StringIO:
    stream = io.StringIO()
    set_up_logs(HandClock(), stream)
    return stream


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_tick_is_one_json_line_with_the_clocks_time(out: io.StringIO) -> None:
    log_tick("web", "8 instances: 1 degraded, 7 healthy; holding i-2 (protected)", settled=True, looked=True)
    assert lines(out) == [
        {
            "event": "8 instances: 1 degraded, 7 healthy; holding i-2 (protected)",
            "fleet": "web",
            "settled": True,
            "standby": False,
            "looked": True,
            "stopped": False,
            "level": "info",
            "timestamp": "2026-11-23T12:00:00.000Z",
        }
    ]


def test_a_line_about_a_replacement_leads_to_its_trace(out: io.StringIO) -> None:
    structlog.get_logger().info("drained", replacement_id="r-1")
    with about_fleet("web"):
        structlog.get_logger().info("launched", replacement_id="r-2")
    structlog.get_logger().info("idle")
    first, second, third = lines(out)
    assert first["trace_id"] == trace_id_of("r-1")
    assert (second["fleet"], second["replacement_id"], second["trace_id"]) == ("web", "r-2", trace_id_of("r-2"))
    assert not {"trace_id", "fleet", "replacement_id"} & third.keys()


def test_a_terminal_gets_readable_lines_with_or_without_colours() -> None:
    plain, coloured = Terminal(), Terminal()
    set_up_logs(HandClock(), plain, colours=False)
    log_tick("web", "nothing to do")
    set_up_logs(HandClock(), coloured)
    log_tick("web", "nothing to do")
    assert "nothing to do" in plain.getvalue()
    assert "fleet=web" in plain.getvalue()
    assert "\x1b" not in plain.getvalue()
    assert "\x1b" in coloured.getvalue()


def test_libraries_are_heard_from_warnings_on(out: io.StringIO) -> None:
    logging.getLogger("botocore").info("chatter")
    logging.getLogger("botocore").warning("retrying %s", "now")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    first, second = lines(out)
    assert (first["logger"], first["level"], first["event"]) == ("botocore", "warning", "retrying now")
    assert (second["logger"], "old" in second["event"]) == ("py.warnings", True)


def test_a_librarys_broken_log_call_breaks_nothing(out: io.StringIO) -> None:
    (handler,) = [handler for handler in logging.getLogger().handlers if "record" in type(handler).__module__]
    handler.handle(logging.makeLogRecord({"msg": "%d of them", "args": ("no number",), "levelno": logging.ERROR}))
    assert lines(out)[0]["event"] == "%d of them (with arguments that do not fit)"


def test_levels_below_the_wanted_are_left_out() -> None:
    stream = io.StringIO()
    set_up_logs(HandClock(), stream, level="warning")
    log_tick("web", "nothing to do")
    assert stream.getvalue() == ""


@pytest.mark.parametrize(
    "name",
    [
        "secret",
        "client_secret",
        "aws_secret_access_key",
        "password",
        "db_passwd",
        "token",
        "session_token",
        "api_key",
        "API-Key",
        "apikey",
        "license_key",
        "routing_key",
        "private_key",
        "access_key",
        "key",
        "authorization",
        "Proxy-Authorization",
        "cookie",
        "credentials",
        "signature",
    ],
)
def test_what_is_called_like_a_secret_is_redacted_at_any_depth(out: io.StringIO, name: str) -> None:
    log = structlog.get_logger()
    log.info("x", **{name: SECRET})
    log.info("x", options={"source": [{name: {"deep": SECRET}}]})
    assert SECRET not in out.getvalue()
    assert out.getvalue().count("[redacted]") == 2


@pytest.mark.parametrize(
    "text",
    [
        f"postgresql://repave:{SECRET}@db.example.org/repave",
        f"could not connect: Authorization: Bearer {SECRET}",
        f"GET /x?api_key={SECRET}&page=2",
        f"password = {SECRET}; retry",
    ],
)
def test_what_looks_like_a_secret_inside_a_text_is_redacted(out: io.StringIO, text: str) -> None:
    structlog.get_logger().info(text)
    structlog.get_logger().info("x", answer=text, error=ValueError(text))
    logging.getLogger("aiohttp").error(text)
    structlog.get_logger().error("broke", exc_info=ValueError(text))
    assert SECRET not in out.getvalue()


def test_what_only_sounds_like_a_secret_stays(out: io.StringIO) -> None:
    kept = {"keys": 3, "key_name": "web", "monkey": "x", "outbox_id": 4, "passed": True, "seconds": 1.5}
    structlog.get_logger().info("https://example.org/a@b took 3 tokens", **kept)
    (line,) = lines(out)
    assert kept.items() <= line.items()
    assert line["event"] == "https://example.org/a@b took 3 tokens"


def test_odd_values_still_make_a_line(out: io.StringIO) -> None:
    loop: dict[str, Any] = {}
    loop["self"] = loop
    structlog.get_logger().info("x", body=b"\x00\xff", loop=loop, thing=HandClock, many={"b", "a"})
    (line,) = lines(out)
    assert line["body"] == "2 bytes"
    assert sorted(line["many"]) == ["a", "b"]
    assert "[too deep]" in out.getvalue()
