"""A Docker engine of a test's own, which may be killed, started again and filled up: nobody else uses it.

Its data live on a small disk of their own (a file, mounted), and containers outlive it (live-restore). Needs root.
"""

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from tests.support.docker_engine import Api
from tests.support.eventually import eventually

DISK_MIB = 400
READY_SECONDS = 40.0


@dataclass
class PrivateEngine:
    """folder: of its socket, disk and log. mark: of its bridge. net: the second number of its addresses 10.net.x.y.
    more: what else its program is told."""

    folder: Path
    mark: str
    net: int
    more: tuple[str, ...] = ()
    process: subprocess.Popen[bytes] | None = None

    @property
    def api(self) -> Api:
        """The tests' own hand on it."""
        return Api(self.folder / "docker.sock")

    @property
    def bridge(self) -> str:
        """The name of its bridge."""
        return f"rp-{self.mark}"

    @property
    def data(self) -> Path:
        """Where its disk is mounted."""
        return self.folder / "data"

    async def start(self) -> None:
        """Start it (again), and wait until it answers."""
        process = self._launched()

        async def ready() -> bool:
            assert process.poll() is None, (self.folder / "log").read_text(encoding="utf-8")[-2000:]
            return await self.api.answers()

        await eventually(ready, within_seconds=READY_SECONDS, every_seconds=0.1)

    def _launched(self) -> "subprocess.Popen[bytes]":
        program = shutil.which("dockerd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
        assert program is not None
        # Who was killed may be a zombie that nobody waits for; by its number the engine takes it for alive.
        for left in (self.folder / "pid", self.folder / "exec" / "containerd" / "containerd.pid"):
            left.unlink(missing_ok=True)
        command = [
            *(program, "--live-restore", f"--host={self.api.url}", f"--data-root={self.data}"),
            *(f"--exec-root={self.folder / 'exec'}", f"--pidfile={self.folder / 'pid'}"),
            *(f"--bridge={self.bridge}", "--iptables=false", "--ip-masq=false"),
            f"--default-address-pool=base=10.{self.net}.128.0/17,size=24",
            *(f"--containerd-namespace={self.bridge}", f"--containerd-plugins-namespace={self.bridge}-plugins"),
        ]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen([*command, *self.more], stdout=log, stderr=log, start_new_session=True)
        return self.process

    async def killed(self) -> None:
        """kill -9 of the engine; its containers run on."""
        assert self.process is not None
        self.process.kill()
        await asyncio.to_thread(self.process.wait)

    def fill(self) -> None:
        """Leave nothing of its disk."""
        with (self.data / "ballast").open("wb", buffering=0) as file, suppress(OSError):
            while file.write(b"\0" * 65536):
                pass

    def free(self) -> None:
        """Give it back."""
        (self.data / "ballast").unlink(missing_ok=True)

    async def end(self) -> None:
        """Remove its containers and end it."""
        self.free()
        if self.process is None or self.process.poll() is not None:
            await self.start()
        assert self.process is not None
        for one in await self.api.call("GET", "/containers/json", all=True):
            await self.api.call("DELETE", f"/containers/{one['Id']}", force=True)
        self.process.send_signal(signal.SIGTERM)
        await asyncio.to_thread(self.process.wait, 30)


@asynccontextmanager
async def private_engine(*more: str) -> AsyncIterator[PrivateEngine]:
    """An engine for as long as the context lasts. Skips where none can be had; in CI that fails the build."""
    for program in ("dockerd", "mkfs.ext4", "mount", "ip"):
        if shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") is None:
            pytest.skip(f"needs the program {program} (Debian: docker.io e2fsprogs mount iproute2)")
    if os.geteuid() != 0:
        pytest.skip("needs root, to start an engine of its own")
    mark = uuid4().hex[:8]
    folder = Path(tempfile.mkdtemp(prefix="rp-"))
    engine = PrivateEngine(folder, mark, 100 + int(mark[:2], 16) % 100, more)
    try:
        await _ground(engine)
        await engine.start()
        try:
            yield engine
        finally:
            await engine.end()
    finally:
        with suppress(subprocess.CalledProcessError):
            await _run("ip", "link", "delete", engine.bridge)
        for _ in range(50):
            if not engine.data.is_mount():
                break
            with suppress(subprocess.CalledProcessError):
                await _run("umount", str(engine.data))
            await asyncio.sleep(0.1)
        shutil.rmtree(folder, ignore_errors=True)


async def _ground(engine: PrivateEngine) -> None:
    """Its bridge and its disk."""
    await _run("ip", "link", "add", engine.bridge, "type", "bridge")
    await _run("ip", "address", "add", f"10.{engine.net}.0.1/24", "dev", engine.bridge)
    await _run("ip", "link", "set", engine.bridge, "up")
    disk = engine.folder / "disk"
    with disk.open("wb") as file:
        file.truncate(DISK_MIB * 1024 * 1024)
    await _run("mkfs.ext4", "-q", "-m", "0", str(disk))
    engine.data.mkdir()
    await _run("mount", "-o", "loop", str(disk), str(engine.data))


async def _run(*command: str) -> None:
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True, env={**os.environ, "PATH": path})
