"""A runtime API on a unix socket that answers as it is told."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

COLUMNS = (
    "be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight "
    "srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state "
    "bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr "
    "srv_agent_addr srv_agent_port"
)
STATS = (
    "pxname,svname,qcur,scur,status,check_status,last_chk,check_desc,check_rise,check_fall,srv_icur,used_conn_cur,slim"
)


def servers(*rows: tuple[str, str], stats: Sequence[str] | None = None) -> bytes:
    """Both tables of one backend; a row is (name, `srv_op_state srv_admin_state srv_check_result srv_check_health`). A
    fifth word is `srv_check_status`, where the result does not tell."""
    states = [f"1\n# {COLUMNS}\n"]
    for number, (name, words) in enumerate(rows, 1):
        op, admin, result, health, *more = words.split()
        status = more[0] if more else "1" if result == "0" else "15"
        told = f"{op} {admin} 1 1 5 {status} {result} {health} 6 0 0 0 - 80 - 0 0 - - 0"
        states.append(f"3 edge {number} {name} 10.0.0.{number} {told}\n")
    lines = [f"edge,{name},0,0,UP,L7OK,,Layer7 check passed,2,3,0,0,\n" for name, _ in rows]
    return ("".join(states) + f"\n# {STATS}\n" + "".join(lines if stats is None else stats) + "\n").encode()


@dataclass
class FakeHaproxy:
    """Answers one line per connection: the next of `answers`, and the last one from then on. None: no answer at all."""

    path: Path
    answers: list[bytes | None] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    endless: bool = False
    _server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_unix_server(self._serve, self.path)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self.asked.append((await reader.readline()).decode().rstrip("\n"))
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            if answer is None:
                await reader.read()
                return
            writer.write(answer)
            while self.endless:
                writer.write(answer)
                await writer.drain()
            await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()
