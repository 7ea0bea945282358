"""Who a source is, and who we are, by certificates made for the test."""

import ssl
from collections.abc import AsyncIterator
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from controller.app.clients import SharedClients
from controller.clients.http import HttpSource
from controller.clients.http_options import Endpoint
from controller.clock import SystemClock
from controller.domain.errors import Permanent, PlatformError
from tests.clients.fake_aws import VirtualClock
from tests.clients.fake_http import FakeHttp
from tests.support.answering import says


def certificate(folder: Path, name: str, address: str = "127.0.0.1") -> Path:
    """A certificate for an address that vouches for itself, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    now, subject = SystemClock().now(), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / f"{name}.pem"
    path.write_bytes(private + made.public_bytes(pem))
    return path


@pytest.fixture
async def clients() -> AsyncIterator[SharedClients]:
    shared = SharedClients(VirtualClock())
    yield shared
    await shared.aclose()


def server(own: Path, client_ca: Path | None = None) -> FakeHttp:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own)
    if client_ca is not None:
        context.load_verify_locations(client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return FakeHttp(tls=context, answers=[says({"a": 1})])


async def ask(fake: FakeHttp, clients: SharedClients, **files: Any) -> Any:
    asked = HttpSource(Endpoint("store", fake.url, **files), clients)
    return await asked.ask("store.query", "/q", lambda body: body, form={})


async def test_a_source_that_a_named_authority_vouches_for_is_trusted(tmp_path: Path, clients: SharedClients) -> None:
    own = certificate(tmp_path, "own")
    async with server(own) as fake:
        assert await ask(fake, clients, ca_file=str(own)) == {"a": 1}


async def test_a_source_that_nobody_vouches_for_is_not_asked(tmp_path: Path, clients: SharedClients) -> None:
    async with server(certificate(tmp_path, "own")) as fake:
        for authority in (None, str(certificate(tmp_path, "other"))):
            with pytest.raises(Permanent, match="certificate of https://127.0.0.1:[0-9]+ is not trusted") as caught:
                await ask(fake, clients, ca_file=authority)
            assert caught.value.code == "tls"
        assert not fake.requests


async def test_a_certificate_of_another_address_is_not_trusted(tmp_path: Path, clients: SharedClients) -> None:
    own = certificate(tmp_path, "own", address="192.0.2.1")
    async with server(own) as fake:
        with pytest.raises(Permanent, match="not trusted"):
            await ask(fake, clients, ca_file=str(own))


async def test_we_show_our_own_certificate_and_a_renewed_one_without_a_restart(
    tmp_path: Path, clients: SharedClients
) -> None:
    own, ours = certificate(tmp_path, "own"), certificate(tmp_path, "ours")
    async with server(own, client_ca=ours) as fake:
        assert await ask(fake, clients, ca_file=str(own), client_cert=str(ours)) == {"a": 1}
        with pytest.raises(PlatformError):
            await ask(fake, clients, ca_file=str(own))
        certificate(tmp_path, "ours")
        with pytest.raises(PlatformError):
            await ask(fake, clients, ca_file=str(own), client_cert=str(ours))


@pytest.mark.parametrize("option", ["ca_file", "client_cert"])
async def test_files_that_cannot_be_used_are_named(tmp_path: Path, clients: SharedClients, option: str) -> None:
    odd = tmp_path / "odd.pem"
    odd.write_text("no certificate")
    async with server(certificate(tmp_path, "own")) as fake:
        for path in (odd, tmp_path / "absent.pem"):
            with pytest.raises(Permanent, match=path.name):
                await ask(fake, clients, **{option: str(path)})
