"""Asking servers with certificates, which tests/probes/test_http.py does without."""

import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from controller.clients.http_checks import Ask, HttpChecks, TlsCheck
from controller.clock import SystemClock
from controller.domain.errors import Permanent
from tests.clients.fake_http import FakeHttp
from tests.clients.test_http_tls import certificate
from tests.probes.street import OK, Street


@pytest.fixture
async def checks() -> AsyncIterator[HttpChecks]:
    client = HttpChecks(SystemClock())
    yield client
    await client.aclose()


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return certificate(tmp_path, "own")


@pytest.fixture
async def street(own: Path) -> AsyncIterator[Street]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own)
    async with Street(tls=context) as opened:
        await opened.opens(1, OK)
        yield opened


def ask(street: Street, tls: TlsCheck | None) -> Ask:
    return Ask("127.0.0.1", street.port, "/", 5.0, tls=tls)


async def test_a_certificate_that_an_authority_vouches_for_is_good(
    checks: HttpChecks, street: Street, own: Path
) -> None:
    trusting = TlsCheck(ca_file=str(own), server_name="127.0.0.1")
    assert (await checks.ask(ask(street, trusting))).status == 200


@pytest.mark.parametrize("named", [True, False])
async def test_one_that_nobody_vouches_for_or_that_names_another_is_no_tls(
    checks: HttpChecks, street: Street, own: Path, named: bool
) -> None:
    tls = TlsCheck(ca_file=str(own), server_name="other.example.org") if named else TlsCheck(server_name="127.0.0.1")
    heard = await checks.ask(ask(street, tls))
    assert (heard.status, heard.failure) == (None, "no TLS")


async def test_where_it_is_not_verified_any_will_do(checks: HttpChecks, street: Street) -> None:
    assert (await checks.ask(ask(street, TlsCheck(verify=False)))).status == 200


async def test_who_speaks_no_tls_is_no_tls(checks: HttpChecks) -> None:
    async with FakeHttp() as plain:
        port = urlsplit(plain.url).port or 0
        heard = await checks.ask(Ask("127.0.0.1", port, "/", 5.0, tls=TlsCheck(verify=False)))
        assert (heard.status, heard.failure) == (None, "no TLS")


async def test_authorities_that_cannot_be_read_are_our_trouble(checks: HttpChecks, street: Street) -> None:
    with pytest.raises(Permanent, match="no-such-file"):
        await checks.ask(ask(street, TlsCheck(ca_file="/no-such-file")))
