"""docker_logs: what an engine keeps of a container's output, at its socket, in frames and as it came."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from controller.domain.errors import PlatformError
from controller.domain.model import Signal
from controller.domain.policy import AtLeast, Cause, Condition, Missing
from probes._docker_lines import read_lines
from probes.docker_logs import MOST_BYTES, PROBE, DockerLogsOptions
from tests.probes.engine import ONE, OTHER, RUNNING, Asked, asked, value, why
from tests.probes.fleet import NOW
from tests.support.answering import Says

OOM = "Out of memory"


def stamp(seconds_ago: float) -> str:
    """As engines write it: nine digits of a second."""
    return f"{NOW - timedelta(seconds=seconds_ago):%Y-%m-%dT%H:%M:%S.%f}000Z"


def frame(text: str, seconds_ago: float = 1, stream: int = 1, end: str = "\n") -> bytes:
    content = f"{stamp(seconds_ago)} {text}{end}".encode()
    return bytes([stream, 0, 0, 0]) + len(content).to_bytes(4, "big") + content


@pytest.fixture
async def logs() -> AsyncIterator[Asked]:
    async with asked(PROBE) as stage:
        runs(stage)
        yield stage


def runs(logs: Asked, container: str = ONE, *, tty: bool = False, driver: str = "json-file", **state: Any) -> None:
    inspected = {"State": RUNNING | state, "Config": {"Tty": tty}, "HostConfig": {"LogConfig": {"Type": driver}}}
    logs.says("json", inspected, container)


async def of(logs: Asked, *frames: bytes, count: int = 3, **rule: Any) -> Any:
    logs.says("logs", b"".join(frames))
    facts = {"options": {"match": OOM}, "threshold": AtLeast(count), "within_seconds": 3600.0} | rule
    return await logs.one(**facts)


async def test_lines_of_both_streams_that_match_are_counted_and_shown(logs: Asked) -> None:
    found = await of(
        logs,
        frame("all is well"),
        frame("Out of memory: token=abc123 killed", 50),
        frame("Out of memory \x1b[31mtwice", 40, stream=2),
        frame("Out of memory a third time", 30),
    )
    assert value(found) == 3.0
    assert isinstance(found, Signal)
    assert len(found.samples) == 3
    assert "abc123" not in " ".join(found.samples)
    assert all(line.isprintable() for line in found.samples)
    assert OOM in found.query
    (asked_for,) = (one.query for one in logs.engine.requests if one.path.endswith("/logs"))
    assert asked_for["since"] == f"{NOW.timestamp() - 3600:.6f}"
    assert asked_for["tail"] == "5000"


async def test_a_terminals_output_has_no_frames(logs: Asked) -> None:
    runs(logs, tty=True)
    raw = "".join(f"{stamp(ago)} Out of memory\r\n" for ago in (30, 20, 10)).encode()
    assert value(await of(logs, raw)) == 3.0


async def test_only_lines_of_the_span_count_whatever_the_engine_sends(logs: Asked) -> None:
    found = await of(logs, frame(OOM, 4000), frame(OOM, 3500), frame(OOM, 10), frame(OOM, -60), missing=Missing.ZERO)
    assert value(found) == 2.0


async def test_a_long_line_that_came_in_pieces_is_one(logs: Asked) -> None:
    pieces = frame("x" * 16_000 + " Out of", 9, end=""), frame("in between", 9, stream=2), frame(" memory", 9)
    assert value(await of(logs, *pieces, count=1)) == 1.0


async def test_a_regular_expression_matches(logs: Asked) -> None:
    options = {"match": "/(?i)out of (memory|disk)/"}
    assert value(await of(logs, frame("OUT OF DISK"), frame("out of paper"), count=1, options=options)) == 1.0


async def test_none_that_matches_is_unknown_unless_zero_is_meant(logs: Asked) -> None:
    assert "none of its 1 lines matches" in why(await of(logs, frame("well")))
    assert value(await of(logs, frame("well"), missing=Missing.ZERO)) == 0.0


async def test_a_container_that_runs_and_says_nothing_has_a_zero(logs: Asked) -> None:
    assert value(await of(logs, missing=Missing.ZERO)) == 0.0


@pytest.mark.parametrize("status", ["exited", "paused", "created", "restarting", "dead"])
async def test_one_that_does_not_run_proves_no_zero_but_its_breach_counts(logs: Asked, status: str) -> None:
    runs(logs, Status=status)
    assert status in why(await of(logs, frame("well"), missing=Missing.ZERO))
    assert value(await of(logs, frame(OOM), count=1, missing=Missing.ZERO)) == 1.0


@pytest.mark.parametrize(("seconds_ago", "alive"), [(200, True), (400, False), (None, False)])
async def test_silence_proves_nothing_where_a_line_is_asked_for(
    logs: Asked, seconds_ago: int | None, alive: bool
) -> None:
    options = {"match": OOM, "silent_after": "5m"}
    frames = [frame("well", seconds_ago)] if seconds_ago else []
    found = await of(logs, *frames, options=options, missing=Missing.ZERO)
    if alive:
        assert value(found) == 0.0
    else:
        assert why(found) == "it has written no line for over 5m"


async def test_an_answer_that_was_cut_only_counts_up(logs: Asked) -> None:
    many = [frame("well")] * 4998
    assert "longer than can be read: 2 of its newest 5000" in why(
        await of(logs, *many, frame(OOM), frame(OOM), missing=Missing.ZERO)
    )
    assert value(await of(logs, *many, frame(OOM), frame(OOM), count=2)) == 2.0


async def test_too_many_bytes_are_read_again_as_fewer_lines(logs: Asked) -> None:
    logs.engine.answers[f"/containers/{ONE}/logs"] = Says(b"")
    inspected = logs.engine.answers[f"/containers/{ONE}/json"]
    big = frame("x" * 16_000) * (MOST_BYTES // 16_000 + 1)
    logs.engine.row = [inspected, Says(big), Says(frame(OOM) * 3)]
    rule = {"options": {"match": OOM}, "threshold": AtLeast(3), "within_seconds": 3600.0}
    assert value(await logs.one(**rule)) == 3.0
    tails = [one.query["tail"] for one in logs.engine.requests if one.path.endswith("/logs")]
    assert tails == ["5000", "240"]


@pytest.mark.parametrize("driver", ["none", "gelf"])
async def test_a_log_that_is_kept_nowhere_is_unknown_with_the_drivers_name(logs: Asked, driver: str) -> None:
    runs(logs, driver=driver)
    logs.says("logs", {"message": "configured logging driver does not support reading"}, status=501)
    rule = {"options": {"match": OOM}, "threshold": AtLeast(1), "within_seconds": 60.0, "missing": Missing.ZERO}
    assert why(await logs.one(**rule)) == f"its log driver, {driver}, keeps nothing that its engine can read"
    assert len(logs.engine.calls("/logs$")) == 1


async def test_an_engine_that_fails_is_an_error(logs: Asked) -> None:
    logs.says("logs", {"message": "disk on fire"}, status=500)
    with pytest.raises(PlatformError, match="disk on fire"):
        await logs.one(options={"match": OOM}, threshold=AtLeast(1), within_seconds=60.0)


GARBAGE = {
    "no frames": b"Out of memory\nOut of memory\nOut of memory\n",
    "a frame without end": b"\1\0\0\0\xff\xff\xff\xffOut of memory",
    "half a head": frame(OOM) * 3 + b"\1\0\0",
    "a stream of tomorrow": b"\7\0\0\0\0\0\0\1x",
    "no time": b"\1\0\0\0\0\0\0\5hello",
    "a time without a zone": b"\1\0\0\0\0\0\0\x15" + b"2026-11-23T12:00:00 x\n"[:21],
}


@pytest.mark.parametrize("case", GARBAGE)
async def test_garbage_condemns_nobody(logs: Asked, case: str) -> None:
    assert "makes no sense" in why(await of(logs, GARBAGE[case], count=1, missing=Missing.ZERO))


async def test_what_one_container_writes_says_nothing_of_another(logs: Asked) -> None:
    runs(logs, OTHER)
    logs.says("logs", frame("well"), OTHER)
    logs.says("logs", frame(OOM) * 3)
    rule = {"options": {"match": OOM}, "threshold": AtLeast(3), "within_seconds": 60.0, "missing": Missing.ZERO}
    found = await logs.read(logs.container(), logs.container(id=OTHER), **rule)
    assert (value(found[ONE]), value(found[OTHER])) == (3.0, 0.0)


WRITTEN = st.text(st.characters(exclude_characters="\n\r", codec="utf-8"), max_size=50)


@given(st.lists(st.tuples(WRITTEN, st.sampled_from((1, 2))), max_size=20))
def test_every_line_that_was_framed_is_read(written: list[tuple[str, int]]) -> None:
    read = read_lines(b"".join(frame(text, stream=stream) for text, stream in written), tty=False)
    assert [line.text for line in read.lines] == [text for text, _ in written]
    assert {line.at for line in read.lines} <= {NOW - timedelta(seconds=1)}
    assert read.pieces == len(written)


@given(st.binary(max_size=300), st.booleans())
def test_any_bytes_are_lines_or_refused(content: bytes, tty: bool) -> None:
    try:
        read = read_lines(content, tty=tty)
    except ValueError:
        return
    assert all(line.at.tzinfo is not None for line in read.lines)


@pytest.mark.parametrize("expression", ["/(a+)+$/", "/(x*)*y/", "/(?:a|b+){2,}/", "/(\\w+\\s?)*!/"])
def test_an_expression_that_may_never_end_is_refused(expression: str) -> None:
    with pytest.raises(ValidationError, match="must not repeat a group in which something repeats"):
        DockerLogsOptions.model_validate({"match": expression})


@pytest.mark.parametrize("expression", ["/(out|over) of .* memory/", "/a+b*/", "(a+)+", "/[(]a+[)]+/", "/\\(a+\\)+/"])
def test_others_are_taken(expression: str) -> None:
    assert DockerLogsOptions.model_validate({"match": expression}).match == expression


def test_silence_that_is_longer_than_what_is_read_cannot_be_seen() -> None:
    assert PROBE.check is not None
    options = DockerLogsOptions.model_validate({"match": "x", "silent_after": "2h"})
    facts: dict[str, Any] = {"threshold": AtLeast(1), "options": options}
    short = Condition("r", Cause.DEGRADED, "docker_logs", within_seconds=3600, **facts)
    flaw = PROBE.check(short)
    assert flaw is not None
    assert flaw.key == "within"
    assert PROBE.check(Condition("r", Cause.DEGRADED, "docker_logs", within_seconds=7200, **facts)) is None
