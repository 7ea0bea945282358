"""`repave demo` as a newcomer runs it: it repaves, explains, and leaves nothing behind."""

import asyncio
import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.harness.daemon import REPAVE
from tests.support.eventually import eventually

IN_TIME_SECONDS = 100


async def demo(folder: Path, *arguments: str) -> asyncio.subprocess.Process:
    """Start it in a folder that also takes its temporary files."""
    environment = {**os.environ, "TMPDIR": str(folder), "NO_COLOR": "1"}
    return await asyncio.create_subprocess_exec(
        *(*REPAVE, "demo", *arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment,
        start_new_session=True,
    )


async def left_behind(folder: Path) -> list[str]:
    """Files in its folder, and processes that were started for it."""
    files = [path.name for path in folder.iterdir()]  # noqa: ASYNC240 - a handful of names
    mark = f"TMPDIR={folder}".encode()
    for process in Path("/proc").glob("[0-9]*"):  # noqa: ASYNC240
        try:
            files += [process.name] if mark in (process / "environ").read_bytes() else []
        except OSError:
            continue
    return files


async def clean(folder: Path) -> bool:
    return await left_behind(folder) == []


@pytest.mark.timeout(150)
async def test_until_settled_tells_what_was_done_and_why(tmp_path: Path) -> None:
    running = await demo(tmp_path, "--until-settled", "--json")
    async with asyncio.timeout(IN_TIME_SECONDS):
        out, err = await running.communicate()
    assert (running.returncode, err.decode()) == (0, "")
    document: dict[str, Any] = json.loads(out)
    assert document.keys() == {"replaced", "undone", "held", "seconds"}

    assert len(document["replaced"]) == 3
    for item in document["replaced"]:
        assert item.keys() == {
            *("predecessor", "successor", "causes", "verification", "outcome", "failure"),
            *("trace_id", "replacement", "seconds"),
        }
        assert (item["outcome"], item["verification"], item["failure"]) == ("replaced", "improved", None)
        assert len(item["trace_id"]) == 32
    causes = [cause for item in document["replaced"] for cause in item["causes"]]
    assert sorted(causes) == ["disk filling", "failing checks", "max_image_age"]
    assert len({item["successor"] for item in document["replaced"]}) == 3

    held = {item["verdict"]: {veto["rule"] for veto in item["vetoes"]} for item in document["held"]}
    assert held == {"blind": {"blind"}, "aged": {"protected"}}
    await eventually(lambda: clean(tmp_path), within_seconds=10)


async def test_ctrl_c_ends_it_and_takes_everything_away(tmp_path: Path) -> None:
    running = await demo(tmp_path)
    assert running.stdout is not None
    async with asyncio.timeout(60):
        while b"replacing" not in await running.stdout.readline():
            assert not running.stdout.at_eof()
    assert not await clean(tmp_path)
    running.send_signal(signal.SIGINT)
    async with asyncio.timeout(30):
        out, err = await running.communicate()
    assert (running.returncode, err.decode()) == (0, "")
    assert b"Traceback" not in out
    await eventually(lambda: clean(tmp_path), within_seconds=10)


async def test_a_second_ctrl_c_leaves_nothing_behind_either(tmp_path: Path) -> None:
    running = await demo(tmp_path)
    assert running.stdout is not None
    async with asyncio.timeout(60):
        while b"replacing" not in await running.stdout.readline():
            assert not running.stdout.at_eof()
    running.send_signal(signal.SIGSTOP)  # so that both are there before it can react to the first
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCONT):
        running.send_signal(number)
    async with asyncio.timeout(10):
        _, err = await running.communicate()
    assert running.returncode == 1
    assert "ending at once; parked: r-" in err.decode()
    await eventually(lambda: clean(tmp_path), within_seconds=10)


async def test_ctrl_c_before_it_is_up_is_as_clean(tmp_path: Path) -> None:
    running = await demo(tmp_path)
    assert running.stdout is not None
    async with asyncio.timeout(60):
        assert b"starting an embedded AWS" in await running.stdout.readline()
    running.send_signal(signal.SIGINT)
    async with asyncio.timeout(90):
        _, err = await running.communicate()
    assert b"Traceback" not in err
    assert running.returncode == 130
    await eventually(lambda: clean(tmp_path), within_seconds=10)


async def test_a_taken_port_is_one_line(tmp_path: Path) -> None:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        running = await demo(tmp_path, "--port", str(port), "--json")
        async with asyncio.timeout(60):
            out, err = await running.communicate()
    assert (running.returncode, out) == (1, b"")
    assert err.decode().count("\n") == 1
    assert str(port) in err.decode()
    await eventually(lambda: clean(tmp_path), within_seconds=10)
