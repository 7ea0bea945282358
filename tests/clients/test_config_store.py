"""Configurations in S3 and SSM: read, told from what they were before, and missed with one line with the remedy."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from aiohttp import web

from controller.clients.aws import Aws, Bounds
from controller.clients.config_store import ConfigStore
from controller.domain.errors import ConfigError, ConfigUnreachable
from tests.clients.fake_aws import Answer, FakeAws, VirtualClock, client_of, refusal_json
from tests.clients.moto_server import REGION, moto_server, plain_client

TEXT = b"version: 1\n"
ARN = f"arn:aws:ssm:{REGION}:123456789012:parameter/repave/config"


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    with moto_server() as url:
        yield url


@pytest.fixture
async def store(moto: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ConfigStore]:
    FakeAws(url=moto).environment(monkeypatch)
    aws = client_of(VirtualClock())
    yield ConfigStore(aws)
    await aws.aclose()


@pytest.fixture(scope="module")
def buckets(moto: str) -> Any:
    s3 = plain_client("s3", moto)
    for name in ("kept", "plain"):
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_versioning(Bucket="kept", VersioningConfiguration={"Status": "Enabled"})
    return s3


async def test_an_object_has_the_version_of_its_bucket_and_is_not_sent_twice(store: ConfigStore, buckets: Any) -> None:
    first = buckets.put_object(Bucket="kept", Key="a/repave.yaml", Body=TEXT)["VersionId"]
    found = await store.fetch("s3://kept/a/repave.yaml")
    assert found is not None
    assert (found.content, found.version) == (TEXT, first)
    assert await store.fetch("s3://kept/a/repave.yaml", found.mark) is None
    second = buckets.put_object(Bucket="kept", Key="a/repave.yaml", Body=TEXT + b"#")["VersionId"]
    newer = await store.fetch("s3://kept/a/repave.yaml", found.mark)
    assert newer is not None
    assert (newer.content, newer.version) == (TEXT + b"#", second)


async def test_where_a_bucket_keeps_no_versions_the_etag_is_one(store: ConfigStore, buckets: Any) -> None:
    tag = buckets.put_object(Bucket="plain", Key="repave.yaml", Body=TEXT)["ETag"]
    found = await store.fetch("s3://plain/repave.yaml")
    assert found is not None
    assert (found.content, f'"{found.version}"') == (TEXT, tag)


@pytest.mark.parametrize("kind", ["String", "SecureString"])
@pytest.mark.parametrize("name", ["/repave/config", ARN])
async def test_a_parameter_is_decrypted_and_numbered(store: ConfigStore, moto: str, kind: str, name: str) -> None:
    ssm = plain_client("ssm", moto)
    number = ssm.put_parameter(Name="/repave/config", Value=TEXT.decode(), Type=kind, Overwrite=True)["Version"]
    found = await store.fetch(f"ssm:{name}")
    assert found is not None
    assert (found.content, found.version) == (TEXT, str(number))
    assert await store.fetch(f"ssm:{name}", found.mark) is None
    ssm.put_parameter(Name="/repave/config", Value="version: 2", Type=kind, Overwrite=True)
    newer = await store.fetch(f"ssm:{name}", found.mark)
    assert newer is not None
    assert (newer.content, newer.version) == (b"version: 2", str(number + 1))


async def test_a_parameter_that_was_made_anew_under_the_same_number_is_told_apart(
    store: ConfigStore, moto: str
) -> None:
    """As Terraform replaces one whose type changes: SSM counts from 1 again."""
    ssm = plain_client("ssm", moto)
    ssm.put_parameter(Name="/repave/replaced", Value=TEXT.decode(), Type="String")
    found = await store.fetch("ssm:/repave/replaced")
    assert found is not None
    ssm.delete_parameter(Name="/repave/replaced")
    ssm.put_parameter(Name="/repave/replaced", Value="version: 2", Type="SecureString")
    newer = await store.fetch("ssm:/repave/replaced", found.mark)
    assert newer is not None
    assert (newer.content, newer.version) == (b"version: 2", found.version)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("s3://gone/repave.yaml", "s3://gone/repave.yaml: there is no such bucket; check its name."),
        ("s3://plain/gone.yaml", "s3://plain/gone.yaml: there is no such object in the bucket; check the key."),
        ("ssm:/gone", "ssm:/gone: there is no such parameter in this region; check its name and AWS_REGION."),
        ("s3://plain", "s3://plain: an object in S3 is named s3://BUCKET/KEY."),
        ("s3:plain/key", "s3:plain/key: an object in S3 is named s3://BUCKET/KEY."),
        ("ssm://name", "ssm://name: a parameter of SSM is named ssm:/NAME."),
    ],
)
async def test_what_is_not_there_is_one_line_with_the_remedy(
    store: ConfigStore, buckets: Any, name: str, message: str
) -> None:
    assert buckets is not None
    with pytest.raises(ConfigError) as caught:
        await store.fetch(name)
    assert (type(caught.value), str(caught.value)) == (ConfigError, message)


class FakeS3:
    """An endpoint of S3 that answers one thing."""

    def __init__(self, status: int, code: str, message: str = "said AWS") -> None:
        self._status = status
        self._body = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"

    async def __aenter__(self) -> str:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        return web.Response(status=self._status, text=self._body, content_type="application/xml")


@pytest.mark.parametrize(
    ("status", "code", "said", "message"),
    [
        (
            403,
            "AccessDenied",
            "no identity-based policy allows the s3:GetObject action",
            "AWS does not allow s3:GetObject on arn:aws:s3:::b/k (deploy/iam/config.json allows it; S3 says so of an",
        ),
        (
            403,
            "AccessDenied",
            "User: x is not authorized to perform: kms:Decrypt on resource: key",
            "AWS does not allow kms:Decrypt of the key that it is encrypted with (deploy/iam/config.json allows it; S3",
        ),
        (400, "IllegalLocationConstraintException", "", "the bucket is in another region, and S3 does not say"),
        (403, "InvalidAccessKeyId", "", "the configuration cannot be read: s3.GetObject: AWS does not know these"),
    ],
)
async def test_what_s3_does_not_give_says_why(
    monkeypatch: pytest.MonkeyPatch, status: int, code: str, said: str, message: str
) -> None:
    async with FakeS3(status, code, said) as url:
        FakeAws(url=url).environment(monkeypatch)
        aws = client_of(VirtualClock())
        try:
            with pytest.raises(ConfigError) as caught:
                await ConfigStore(aws).fetch("s3://b/k")
        finally:
            await aws.aclose()
    assert str(caught.value).startswith(f"s3://b/k: {message}")
    assert not isinstance(caught.value, ConfigUnreachable)
    assert "\n" not in str(caught.value)


async def test_what_ssm_does_not_give_says_why(endpoint: FakeAws, aws: Aws) -> None:
    endpoint.says("GetParameter", refusal_json(400, "AccessDeniedException", "User: x is not authorized"))
    with pytest.raises(ConfigError) as caught:
        await ConfigStore(aws).fetch("ssm:/n")
    assert str(caught.value) == "ssm:/n: AWS does not allow ssm:GetParameter on /n (deploy/iam/config.json allows it)."


async def test_a_region_that_nobody_named_is_asked_for(endpoint: FakeAws, monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint.environment(monkeypatch, AWS_REGION=None)
    aws = client_of(VirtualClock())
    with pytest.raises(ConfigError, match=r"^ssm:/n: no AWS region is known; set AWS_REGION\.$"):
        await ConfigStore(aws).fetch("ssm:/n")
    await aws.aclose()


async def test_what_may_work_later_is_told_from_what_will_not(endpoint: FakeAws) -> None:
    endpoint.says("GetParameter", Answer(status=503))
    aws = client_of(VirtualClock(), Bounds(attempts=2))
    with pytest.raises(ConfigUnreachable, match=r"^ssm:/n: the configuration cannot be read just now: ssm\.GetPar"):
        await ConfigStore(aws).fetch("ssm:/n")
    await aws.aclose()
    assert len(endpoint.asked("GetParameter")) == 2
