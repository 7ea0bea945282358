"""A configuration is found by the same rules wherever it is kept."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from controller.app.clients import SharedClients
from controller.app.config_source import ConfigSource
from controller.domain.errors import ConfigError
from tests.clients.fake_aws import FakeAws, VirtualClock
from tests.clients.moto_server import REGION, moto_server, plain_client


@pytest.fixture
def moto() -> Iterator[str]:
    with moto_server() as url:
        yield url


@pytest.fixture
def bucket(moto: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    FakeAws(url=moto).environment(monkeypatch)
    s3 = plain_client("s3", moto)
    s3.create_bucket(Bucket="settings", CreateBucketConfiguration={"LocationConstraint": REGION})
    return s3


@pytest.fixture
async def clients() -> AsyncIterator[SharedClients]:
    shared = SharedClients(VirtualClock())
    yield shared
    await shared.aclose()


async def test_the_bounds_of_a_file_hold_for_an_object(bucket: Any, clients: SharedClients) -> None:
    source = ConfigSource("s3://settings/repave.yaml", {})
    bucket.put_object(Bucket="settings", Key="repave.yaml", Body=b"#" * (1 << 20))
    found = await source.find(clients)
    assert found is not None
    assert len(found.text) == 1 << 20
    bucket.put_object(Bucket="settings", Key="repave.yaml", Body=b"#" * ((1 << 20) + 1))
    with pytest.raises(ConfigError, match=r"^s3://settings/repave\.yaml: the configuration is larger than 1 MiB"):
        await source.find(clients)
    bucket.put_object(Bucket="settings", Key="repave.yaml", Body=b"version: 1\nname: caf\xe9\n")
    with pytest.raises(ConfigError, match=r"^s3://settings/repave\.yaml:2:10: the configuration is not UTF-8 text"):
        await source.find(clients)


async def test_an_environment_variable_names_one_too(bucket: Any, clients: SharedClients) -> None:
    bucket.put_object(Bucket="settings", Key="repave.yaml", Body=b"version: 1\n")
    found = await ConfigSource(None, {"REPAVE_CONFIG": "s3://settings/repave.yaml"}).find(clients)
    assert found is not None
    assert found.text == "version: 1\n"


async def test_a_file_is_known_again_by_what_is_in_it(tmp_path: Path, clients: SharedClients) -> None:
    path = tmp_path / "repave.yaml"
    path.write_text("version: 1\n")
    source = ConfigSource(str(path), {})
    found = await source.find(clients)
    assert found is not None
    assert (found.text, found.version) == ("version: 1\n", "")
    assert await source.find(clients, found.mark) is None
    path.write_text("version: 2\n")
    assert await source.find(clients, found.mark) is not None
