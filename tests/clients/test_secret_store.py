"""Secrets by reference: where they come from, how long they are kept, and that nothing shows them."""

import json
import pickle
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from controller.app.clients import SharedClients
from controller.clients.aws import Aws
from controller.clients.option_types import SecretRef
from controller.clients.secret_store import LASTS, Secret, Secrets
from controller.domain.errors import Denied, PlatformError
from tests.clients.fake_aws import FakeAws, VirtualClock, client_of
from tests.clients.moto_server import moto_server, plain_client

VALUE = "hunter2-hunter2"


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
async def clients(clock: VirtualClock) -> AsyncIterator[SharedClients]:
    shared = SharedClients(clock)
    yield shared
    await shared.aclose()


@pytest.fixture
def secrets(clients: SharedClients) -> Secrets:
    return Secrets(clients)


async def test_from_the_environment_and_from_a_file_without_the_space_around_it(
    secrets: Secrets, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KEY", f" {VALUE}\n")
    (tmp_path / "key").write_text(f"{VALUE}\r\n")
    for reference in (SecretRef("env", "KEY"), SecretRef("file", str(tmp_path / "key"))):
        assert (await secrets.resolve(reference)).reveal() == VALUE


async def test_it_is_kept_for_a_minute_and_read_again_when_it_was_refused(
    secrets: Secrets, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = SecretRef("env", "KEY")
    monkeypatch.setenv("KEY", "first")
    await secrets.resolve(reference)
    monkeypatch.setenv("KEY", "second")
    clock._now += LASTS - timedelta(seconds=1)
    assert (await secrets.resolve(reference)).reveal() == "first"
    clock._now += timedelta(seconds=1)
    assert (await secrets.resolve(reference)).reveal() == "second"
    monkeypatch.setenv("KEY", "third")
    secrets.forget(reference)
    assert (await secrets.resolve(reference)).reveal() == "third"


@pytest.mark.parametrize("content", [b"", b" \n", b"two\nlines", b"\xff\xfe", b"x" * 70_000])
async def test_what_cannot_be_a_secret_is_refused_by_its_place_alone(
    secrets: Secrets, tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "key"
    path.write_bytes(content)
    with pytest.raises(Denied) as caught:
        await secrets.resolve(SecretRef("file", str(path)))
    assert str(path) in str(caught.value)
    assert "lines" not in str(caught.value)


async def test_what_is_not_there_is_named(secrets: Secrets, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("KEY", raising=False)
    for reference in (SecretRef("env", "KEY"), SecretRef("file", str(tmp_path / "absent"))):
        with pytest.raises(Denied, match=reference.name):
            await secrets.resolve(reference)


def test_nothing_shows_a_secret() -> None:
    secret = Secret(VALUE)
    shown = [repr(secret), str(secret), f"{secret}", "%s %r" % (secret, secret), repr({"a": [secret]})]  # noqa: UP031
    assert not [text for text in shown if VALUE in text]
    assert VALUE not in json.dumps(secret, default=str)
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    with pytest.raises(TypeError):
        hash(secret)
    assert secret == Secret(VALUE)
    assert secret != Secret("other")
    assert secret != VALUE


# --- AWS Secrets Manager, as moto serves it --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    with moto_server() as url:
        manager = plain_client("secretsmanager", url)
        manager.create_secret(Name="repave/key", SecretString=VALUE)
        manager.create_secret(Name="repave/json", SecretString=json.dumps({"key": VALUE, "number": 1}))
        manager.create_secret(Name="repave/bytes", SecretBinary=b"x")
        yield url


@pytest.fixture
def from_aws(moto: str, clients: SharedClients, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch) -> Secrets:
    FakeAws(url=moto).environment(monkeypatch)
    clients._made[Aws] = client_of(clock)
    return Secrets(clients)


async def test_from_secrets_manager_whole_or_one_key_of_its_json_by_name_or_arn(from_aws: Secrets, moto: str) -> None:
    arn = plain_client("secretsmanager", moto).describe_secret(SecretId="repave/key")["ARN"]
    for name in ("repave/key", arn, "repave/json#key"):
        assert (await from_aws.resolve(SecretRef("secretsmanager", name))).reveal() == VALUE


@pytest.mark.parametrize(
    "name", ["repave/absent", "repave/bytes", "repave/json#other", "repave/json#number", "repave/key#k"]
)
async def test_what_is_no_secret_there_is_an_error_that_names_it(from_aws: Secrets, name: str) -> None:
    with pytest.raises(PlatformError) as caught:
        await from_aws.resolve(SecretRef("secretsmanager", name))
    assert VALUE not in str(caught.value)


async def test_a_secret_named_by_its_arn_is_read_in_its_own_region(from_aws: Secrets, clients: SharedClients) -> None:
    arn = "arn:aws:secretsmanager:eu-north-1:123456789012:secret:repave/key-abcdef"
    with pytest.raises(PlatformError):
        await from_aws.resolve(SecretRef("secretsmanager", arn))
    assert [key[:2] for key in clients.get(Aws)._clients] == [("secretsmanager", "eu-north-1")]
