"""What a configuration says of a load balancer that people sign in at."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from controller.clients.option_types import HttpUrl, text_like
from controller.settings.address import Listen
from controller.settings.values import Label, expected

_ARN = (
    r"arn:(?:aws|aws-us-gov|aws-cn):elasticloadbalancing:[a-z0-9-]{4,30}:[0-9]{12}:"
    r"loadbalancer/app/[A-Za-z0-9-]{1,32}/[0-9a-z]{1,32}"
)
LoadBalancerArn = Annotated[
    str,
    *text_like(_ARN, "must be the ARN of an Application Load Balancer"),
]


def _https(value: str) -> str:
    if not value.startswith("https://") or not value.isprintable() or " " in value:
        raise expected("must be an https address, as the provider writes it")
    return value


Issuer = Annotated[str, Field(strict=True, min_length=9, max_length=256), AfterValidator(_https)]
"""Compared as it stands: with a slash at its end, or without."""


def _safe(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme != "https" and not Listen(parts.hostname or "", 0).loopback:
        raise expected("must be https: whoever can change a key on its way can sign in as anybody")
    return value


KeysUrl = Annotated[HttpUrl, AfterValidator(_safe)]
ClientId = Annotated[Label, Field(max_length=256)]


def published_keys(load_balancer: str) -> str | None:
    """Where AWS publishes the keys of this load balancer's region, without a slash at its end; None where that is not
    documented (docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-authenticate-users.html)."""
    _, partition, _, region, *_ = load_balancer.split(":")
    match partition:
        case "aws":
            return f"https://public-keys.auth.elb.{region}.amazonaws.com"
        case "aws-us-gov":
            return f"https://s3-{region}.amazonaws.com/aws-elb-public-keys-prod-{region}"
    return None
