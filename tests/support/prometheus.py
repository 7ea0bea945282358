"""A real Prometheus of our own, fed by remote write, and what it takes to write to it."""

import asyncio
import shutil
import struct
import subprocess
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientError, ClientSession

from tests.support.eventually import eventually

CONFIG = "storage: {tsdb: {out_of_order_time_window: 60d}}\n"
"""No scraping; old samples are taken too."""

Points = Sequence[tuple[datetime, float]]


@dataclass(frozen=True)
class RealPrometheus:
    """A running server. `write` returns when what was written can be queried."""

    url: str

    async def ask(self, query: str) -> list[dict[str, Any]]:
        """The series of an instant query, each with `metric` and `value` (time and text)."""
        async with (
            ClientSession() as session,
            session.post(f"{self.url}/api/v1/query", data={"query": query}) as response,
        ):
            answer = await response.json()
            assert answer["status"] == "success", f"{query}: {answer}"
            found: list[dict[str, Any]] = answer["data"]["result"]
            return found

    async def rules(self) -> list[dict[str, Any]]:
        """The alerting rules as they were last evaluated."""
        async with ClientSession() as session, session.get(f"{self.url}/api/v1/rules") as response:
            groups = (await response.json())["data"]["groups"]
            return [rule for group in groups for rule in group["rules"]]

    async def write(self, *series: tuple[Mapping[str, str], Points]) -> None:
        headers = {
            "Content-Encoding": "snappy",
            "Content-Type": "application/x-protobuf",
            "X-Prometheus-Remote-Write-Version": "0.1.0",
        }
        body = _snappy(b"".join(_field(1, _series(labels, points)) for labels, points in series))
        async with (
            ClientSession() as session,
            session.post(f"{self.url}/api/v1/write", data=body, headers=headers) as response,
        ):
            assert response.status == 204, await response.text()


def needs_prometheus() -> str:
    """The server's program; without it the test is skipped, which fails the build in CI."""
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("needs the Debian package prometheus")
    return program


@contextmanager
def running_prometheus(folder: Path, config: str = CONFIG) -> Iterator[RealPrometheus]:
    """A server on a free loopback port, its data in `folder`; it ends with the context."""
    program = needs_prometheus()
    configuration, output = folder / "prometheus.yaml", folder / "prometheus.log"
    configuration.write_text(config, encoding="utf-8")
    arguments = [
        f"--config.file={configuration}",
        f"--storage.tsdb.path={folder / 'data'}",
        "--storage.tsdb.retention.time=100y",
        "--web.listen-address=127.0.0.1:0",
        "--web.enable-remote-write-receiver",
    ]
    with output.open("wb") as log:
        process = subprocess.Popen([program, *arguments], stdout=log, stderr=log)
    try:
        yield RealPrometheus(asyncio.run(eventually(_Look(output, process), within_seconds=30)))
    finally:
        process.kill()
        process.wait()


@asynccontextmanager
async def prometheus_beside(folder: Path, config: str) -> AsyncIterator[RealPrometheus]:
    """The same from within a running event loop."""
    context = running_prometheus(folder, config)
    server = await asyncio.to_thread(context.__enter__)
    try:
        yield server
    finally:
        await asyncio.to_thread(context.__exit__, None, None, None)


@dataclass(frozen=True)
class _Look:
    """Whether a server answers yet."""

    log: Path
    process: subprocess.Popen[bytes]

    async def __call__(self) -> str:
        """The address that it listens on, once it answers; empty until then."""
        text = self.log.read_text(encoding="utf-8")
        assert self.process.poll() is None, text
        found = [line.partition("address=")[2].split()[0] for line in text.splitlines() if "Listening on" in line]
        url = f"http://{found[0]}" if found else ""
        try:
            async with ClientSession() as session, session.get(f"{url or 'http://127.0.0.1:1'}/-/ready") as response:
                return url if response.status == 200 else ""
        except ClientError:
            return ""


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def _field(number: int, body: bytes) -> bytes:
    """A length-delimited field of a protobuf message."""
    return _varint(number << 3 | 2) + _varint(len(body)) + body


def _series(labels: Mapping[str, str], points: Iterable[tuple[datetime, float]]) -> bytes:
    """prometheus.TimeSeries: labels (1) by name, samples (2) of a double (1) and milliseconds (2)."""
    named = sorted(labels.items())
    out = b"".join(_field(1, _field(1, name.encode()) + _field(2, value.encode())) for name, value in named)
    for at, value in points:
        millis = round(at.timestamp() * 1000)
        out += _field(2, _varint(1 << 3 | 1) + struct.pack("<d", value) + _varint(2 << 3) + _varint(millis))
    return out


def _snappy(body: bytes) -> bytes:
    """A snappy block made of literals alone."""
    out = _varint(len(body))
    for start in range(0, len(body), 65536):
        piece = body[start : start + 65536]
        out += bytes([61 << 2]) + struct.pack("<H", len(piece) - 1) + piece
    return out
