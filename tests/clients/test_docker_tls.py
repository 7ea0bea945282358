"""An engine over TCP: who it is, and who we are, by certificates made for the test."""

import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization

from controller.clients.docker import Engine, EngineBounds
from controller.clients.docker_transport import EngineAddress
from controller.domain.errors import Permanent, PlatformError
from tests.clients.fake_aws import VirtualClock
from tests.clients.raw_engine import RawEngine, says
from tests.clients.test_http_tls import certificate


@pytest.fixture
async def engines() -> AsyncIterator[list[Engine]]:
    made: list[Engine] = []
    yield made
    for engine in made:
        await engine.aclose()


def server(folder: Path, own: Path, client_ca: Path | None = None) -> RawEngine:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own)
    if client_ca is not None:
        context.load_verify_locations(client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return RawEngine(folder / "unused.sock", tls=context, answers=[says([])])


def at(fake: RawEngine, engines: list[Engine], **files: Any) -> Engine:
    engine = Engine(EngineAddress(fake.url, **files), VirtualClock(), EngineBounds(60.0, 60.0, attempts=1))
    engines.append(engine)
    return engine


async def ask(engine: Engine) -> Any:
    return await engine.read("ContainerList", "/containers/json")


async def test_an_engine_that_a_named_authority_vouches_for_is_trusted(tmp_path: Path, engines: list[Engine]) -> None:
    own = certificate(tmp_path, "own")
    async with server(tmp_path, own) as fake:
        engine = at(fake, engines, ca_file=str(own))
        assert await ask(engine) == []
        await engine.mutate("ContainerStop", "/containers/web-1/stop")
        assert (await engine.events.seen()).gaps == ()


async def test_an_engine_that_nobody_vouches_for_is_told_nothing(tmp_path: Path, engines: list[Engine]) -> None:
    own, other = certificate(tmp_path, "own"), certificate(tmp_path, "other")
    async with server(tmp_path, own) as fake:
        for files in ({"ca_file": str(other)}, {"client_cert": str(other)}):
            engine = at(fake, engines, **files)
            for call in (ask(engine), engine.mutate("ContainerStop", "/containers/web-1/stop")):
                with pytest.raises(Permanent, match="certificate is not trusted") as caught:
                    await call
                assert (caught.value.code, caught.value.perhaps) == ("tls", False)
        assert fake.requests == []


async def test_a_certificate_of_another_host_is_not_trusted(tmp_path: Path, engines: list[Engine]) -> None:
    own = certificate(tmp_path, "own", address="192.0.2.1")
    async with server(tmp_path, own) as fake:
        with pytest.raises(Permanent, match="not trusted"):
            await ask(at(fake, engines, ca_file=str(own)))
        assert fake.requests == []


async def test_we_show_our_own_certificate_and_a_renewed_one_without_a_restart(
    tmp_path: Path, engines: list[Engine]
) -> None:
    own, ours = certificate(tmp_path, "own"), certificate(tmp_path, "ours")
    trusted = tmp_path / "trusted.pem"
    trusted.write_bytes(ours.read_bytes())
    async with server(tmp_path, own, client_ca=trusted) as fake:
        engine = at(fake, engines, ca_file=str(own), client_cert=str(ours))
        assert await ask(engine) == []
        with pytest.raises(PlatformError) as caught:
            await ask(at(fake, engines, ca_file=str(own)))
        assert not caught.value.perhaps
        certificate(tmp_path, "ours")
        with pytest.raises(PlatformError):
            await ask(engine)
        ours.write_bytes(trusted.read_bytes())
        assert await ask(engine) == []


async def test_a_certificate_and_its_key_may_stand_in_two_files(tmp_path: Path, engines: list[Engine]) -> None:
    own, ours = certificate(tmp_path, "own"), certificate(tmp_path, "ours")
    key, _, chain = ours.read_bytes().partition(b"-----BEGIN CERTIFICATE-----")
    (tmp_path / "key.pem").write_bytes(key)
    (tmp_path / "cert.pem").write_bytes(b"-----BEGIN CERTIFICATE-----" + chain)
    files = {"client_cert": str(tmp_path / "cert.pem"), "client_key": str(tmp_path / "key.pem")}
    async with server(tmp_path, own, client_ca=ours) as fake:
        assert await ask(at(fake, engines, ca_file=str(own), **files)) == []


async def test_an_encrypted_key_is_refused_and_nobody_is_asked_for_a_password(
    tmp_path: Path, engines: list[Engine]
) -> None:
    own, ours = certificate(tmp_path, "own"), certificate(tmp_path, "ours")
    key = serialization.load_pem_private_key(ours.read_bytes(), None)
    secret = serialization.BestAvailableEncryption(b"secret")
    locked = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, secret)
    (tmp_path / "key.pem").write_bytes(locked)
    async with server(tmp_path, own, client_ca=ours) as fake:
        engine = at(fake, engines, ca_file=str(own), client_cert=str(ours), client_key=str(tmp_path / "key.pem"))
        with pytest.raises(Permanent, match="no certificate with its key that can be used"):
            await ask(engine)
        assert fake.accepted == 0


@pytest.mark.parametrize("option", ["ca_file", "client_cert"])
async def test_files_that_cannot_be_used_are_named_and_may_come_later(
    tmp_path: Path, engines: list[Engine], option: str
) -> None:
    own, late = certificate(tmp_path, "own"), tmp_path / "late.pem"
    async with server(tmp_path, own) as fake:
        engine = at(fake, engines, **{"ca_file": str(own), option: str(late)})
        with pytest.raises(Permanent, match=r"late\.pem"):
            await ask(engine)
        late.write_text("no certificate")
        with pytest.raises(Permanent, match=r"late\.pem"):
            await ask(engine)
        assert fake.accepted == 0
        late.write_bytes(own.read_bytes())
        assert await ask(engine) == []


async def test_without_tls_a_tls_engine_makes_no_sense(tmp_path: Path, engines: list[Engine]) -> None:
    async with server(tmp_path, certificate(tmp_path, "own")) as fake:
        with pytest.raises(PlatformError) as caught:
            await ask(at(fake, engines))
        assert not caught.value.perhaps
        assert fake.requests == []
