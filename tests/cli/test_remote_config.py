"""A configuration in S3 or SSM serves every command as a file does."""

from pathlib import Path

import pytest

from tests.cli.conftest import CONFIG, Cloud, repave
from tests.clients.moto_server import plain_client


@pytest.fixture
def text(tmp_path: Path) -> str:
    return CONFIG.format(mode="observe", state=tmp_path / "journal.db")


def test_a_parameter_is_validated_and_its_errors_have_their_places(aws: Cloud, text: str) -> None:
    ssm = plain_client("ssm", aws.world.endpoint)
    ssm.put_parameter(Name="/repave/config", Value=text, Type="SecureString")
    result = repave("validate", "ssm:/repave/config")
    assert (result.code, result.out, result.err) == (0, "ssm:/repave/config: good (2 fleets: web, api)\n", "")
    wrong = text.replace("max_image_age", "max_image_aeg")
    ssm.put_parameter(Name="/repave/config", Value=wrong, Type="SecureString", Overwrite=True)
    result = repave("validate", "ssm:/repave/config")
    assert result.code == 2
    assert result.err.startswith("ssm:/repave/config:8:5: unknown key 'max_image_aeg'")


def test_an_object_is_planned_with(aws: Cloud, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    s3 = plain_client("s3", aws.world.endpoint)
    s3.create_bucket(Bucket="settings", CreateBucketConfiguration={"LocationConstraint": aws.world.region})
    s3.put_object(Bucket="settings", Key="repave.yaml", Body=text.encode())
    monkeypatch.setenv("REPAVE_CONFIG", "s3://settings/repave.yaml")
    result = repave("plan", "web")
    assert (result.code, result.err) == (0, "")
    assert "web" in result.out


def test_one_that_is_not_there_is_one_line(aws: Cloud) -> None:
    result = repave("plan", "-c", "s3://nowhere/repave.yaml")
    assert (result.code, result.out) == (1, "")
    assert result.err == "s3://nowhere/repave.yaml: there is no such bucket; check its name.\n"
