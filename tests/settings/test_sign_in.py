"""The load balancer that may vouch for people: its defaults, and where its keys are."""

import pytest
from pydantic import TypeAdapter, ValidationError

from controller.settings import SignedIn, load
from controller.settings.sign_in import KeysUrl, published_keys
from tests.settings.fakes import SPECS

ARN = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/repave/50dc6c495c0c9188"
TEXT = f"""\
version: 1
listen: 0.0.0.0:8080
api:
  oidc: {{load_balancer: "{ARN}", issuer: "https://login.example.org/", client_id: repave}}
fleets: {{web: {{group: {{name: web}}}}}}
"""


def test_with_it_strangers_may_reach_the_address_and_nothing_more_has_to_be_said() -> None:
    config = load(TEXT, "repave.yaml", SPECS)
    keys = "https://public-keys.auth.elb.eu-west-1.amazonaws.com"
    assert config.signed_in == SignedIn(ARN, "https://login.example.org/", "repave", None, "read", keys)
    assert config.tokens == ()


@pytest.mark.parametrize(
    ("partition", "region", "place"),
    [
        ("aws", "us-east-1", "https://public-keys.auth.elb.us-east-1.amazonaws.com"),
        (
            "aws-us-gov",
            "us-gov-west-1",
            "https://s3-us-gov-west-1.amazonaws.com/aws-elb-public-keys-prod-us-gov-west-1",
        ),
        ("aws-cn", "cn-north-1", None),
    ],
)
def test_each_partition_publishes_its_keys_elsewhere(partition: str, region: str, place: str | None) -> None:
    assert published_keys(ARN.replace("arn:aws:", f"arn:{partition}:").replace("eu-west-1", region)) == place


def test_keys_come_by_https_or_from_this_machine() -> None:
    read = TypeAdapter[str](KeysUrl).validate_python
    assert read("https://keys.example.org/elb/") == "https://keys.example.org/elb"
    assert read("http://127.0.0.1:8000") == "http://127.0.0.1:8000"
    for bad in ("http://keys.example.org", "http://10.0.0.1", "https://me:secret@keys.example.org", "https://k/?x=1"):
        with pytest.raises(ValidationError):
            read(bad)
