"""A real PostgreSQL server of our own, and journals' places in it that are new."""

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest

from tests.support.eventually import eventually
from tests.support.ports import free_port

USER, PASSWORD = "repave", "hunter2/@:#"
"""Of the owner of everything. The password needs care in an address, as real ones do."""

NUMBERS = count(1)
SMALL = {
    "shared_buffers": "16MB",
    "max_connections": "60",
    "max_wal_senders": "0",
    "wal_level": "minimal",
    "lc_messages": "C",
    "log_min_messages": "fatal",
}
QUICK = {"fsync": "off", "full_page_writes": "off"}
"""The disk is not waited for: what is committed lives through the server's death, but not through the machine's."""

STARTED_WITHIN_SECONDS = 60.0


def needs_postgresql() -> Path:
    """The folder of the server's programs; without them the test is skipped, which fails the build in CI."""
    packaged = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    if not packaged and not on_path:
        pytest.skip("needs the Debian package postgresql")
    return (packaged[-1] if packaged else Path(str(on_path))).parent


@dataclass
class RealPostgres:
    """A running server. addresses: where it listens; the first is the one in its addresses. port: on all of them."""

    programs: Path
    folder: Path
    addresses: Sequence[str]
    settings: Mapping[str, str]
    port: int = field(default=0, init=False)
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def url(self, database: str = "postgres", *, host: str | None = None, port: int | None = None, **query: str) -> str:
        """The address of one of its databases, with user and password. query: what follows the `?`."""
        who = f"{USER}:{quote(PASSWORD, safe='')}"
        options = "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items())
        place = f"{host or self.addresses[0]}:{port or self.port}/{database}"
        return f"postgresql://{who}@{place}" + (f"?{options}" if options else "")

    def new_schema(self) -> str:
        """The address of a new and empty schema."""
        name = f"schema_{next(NUMBERS)}"
        self.execute(f"CREATE SCHEMA {name}")
        return self.url(options=f"-csearch_path={name}")

    def new_database(self) -> str:
        """The name of a new and empty database."""
        name = f"database_{next(NUMBERS)}"
        self.execute(f"CREATE DATABASE {name}")
        return name

    def connect(self, url: str | None = None) -> psycopg.Connection:
        """A connection of our own, whose statements are committed one by one."""
        return psycopg.connect(url or self.url(), autocommit=True)

    def execute(self, statement: str, url: str | None = None) -> list[tuple[object, ...]]:
        """One statement as the owner of everything; its rows."""
        with self.connect(url) as connection:
            found = connection.execute(statement.encode())
            return found.fetchall() if found.description else []

    def start_somewhere(self) -> None:
        """Start it on a port that is free: another program may take that between our look and the server's."""
        for more in (True, True, False):
            self.port = free_port(*self.addresses)
            try:
                self.start()
            except RuntimeError:
                if not more:
                    raise
            else:
                return

    def start(self) -> None:
        """Start it (again) on what is in its folder."""
        settings = {
            **SMALL,
            **self.settings,
            "port": str(self.port),
            "listen_addresses": ",".join(self.addresses),
            "unix_socket_directories": str(self.folder),
        }
        options = [f"--{name}={value}" for name, value in settings.items()]
        with (self.folder / "log").open("ab") as log:
            command = [str(self.programs / "postgres"), "-D", str(self.folder / "data"), *options]
            self.process = subprocess.Popen[bytes](command, stdout=log, stderr=log, cwd=self.folder, **_account())
        asyncio.run(eventually(self._answers, within_seconds=STARTED_WITHIN_SECONDS))

    def stop(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """End it: SIGQUIT at once, as in a crash; SIGINT in order."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait()
            self.process = None

    async def _answers(self) -> bool:
        assert self.process is not None
        log = (self.folder / "log").read_text()
        if self.process.poll() is not None:
            raise RuntimeError(f"PostgreSQL did not start: {log}")
        try:
            self.connect(self.url(connect_timeout="2")).close()
        except psycopg.OperationalError as error:
            raise AssertionError(f"{error}; {log}") from error
        return True


@contextmanager
def running_postgresql(
    addresses: Sequence[str] = ("127.0.0.1",), settings: Mapping[str, str] = QUICK
) -> Iterator[RealPostgres]:
    """A server with an owner that has a password; it and its data are gone at the end.

    addresses: where it listens, such as the gateway of a Docker network for containers.
    """
    programs = needs_postgresql()
    folder = Path(tempfile.mkdtemp(prefix="repave-postgresql-"))
    server = RealPostgres(programs, folder, addresses, settings)
    try:
        _make(programs, folder)
        server.start_somewhere()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)


def _make(programs: Path, folder: Path) -> None:
    account = _account()
    if account:
        os.chown(folder, int(account["user"]), int(account["group"]))
    word = folder / "password"
    word.write_text(PASSWORD)
    word.chmod(0o644)
    options = ["-D", str(folder / "data"), "-U", USER, "-A", "scram-sha-256", f"--pwfile={word}", "--no-sync"]
    options += ["--locale=C.UTF-8", "--encoding=UTF8"]
    made = subprocess.run(
        [programs / "initdb", *options],
        capture_output=True,
        cwd=folder,
        check=False,
        **_account(),
    )
    assert made.returncode == 0, made.stderr.decode()
    with (folder / "data" / "pg_hba.conf").open("a") as access:
        access.write("host all all samenet scram-sha-256\n")


def _account() -> dict[str, Any]:
    """PostgreSQL refuses to run as root: then it is somebody without rights."""
    if os.getuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": found.pw_uid, "group": found.pw_gid}
    raise AssertionError("there is no account for PostgreSQL to run as")
