"""A real engine over TCP that asks for a certificate, as Docker's own pages set it up."""

from pathlib import Path

import pytest

from controller.clients.docker import Engine, EngineBounds
from controller.clients.docker_transport import EngineAddress
from controller.clock import SystemClock
from controller.domain.errors import Permanent, PlatformError
from tests.clients.test_http_tls import certificate
from tests.support.docker_engine import SOCKET
from tests.support.ports import free_port
from tests.support.private_engine import private_engine

BOUNDS = EngineBounds(attempts=1)


async def test_a_real_engine_is_spoken_to_over_tls_and_by_nobody_else(tmp_path: Path) -> None:
    own, ours, other = (str(certificate(tmp_path, name)) for name in ("own", "ours", "other"))
    address = f"tcp://127.0.0.1:{free_port()}"
    files = (f"--tlscacert={ours}", f"--tlscert={own}", f"--tlskey={own}")
    async with private_engine(f"--host={address}", "--tlsverify", *files) as private:
        assert private.api.socket != SOCKET
        known = Engine(EngineAddress(address, own, ours, ours), SystemClock(), BOUNDS)
        strangers = [
            Engine(EngineAddress(address, own), SystemClock(), BOUNDS),
            Engine(EngineAddress(address, own, other, other), SystemClock(), BOUNDS),
            Engine(EngineAddress(address), SystemClock(), BOUNDS),
        ]
        misled = Engine(EngineAddress(address, other, ours, ours), SystemClock(), BOUNDS)
        try:
            assert (await known.read("SystemInfo", "/info"))["Containers"] == 0
            assert (await known.events.seen()).gaps == ()
            for stranger in strangers:
                with pytest.raises(PlatformError) as caught:
                    await stranger.mutate("ContainerStop", "/containers/web-1/stop")
                assert not caught.value.perhaps
            with pytest.raises(Permanent, match="not trusted"):
                await misled.read("SystemInfo", "/info")
        finally:
            for engine in (known, misled, *strangers):
                await engine.aclose()
