"""The one table of AWS's errors."""

import traceback
from typing import Any

import aiohttp
import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    ParamValidationError,
    ReadTimeoutError,
    UnauthorizedSSOTokenError,
)

from controller.clients.aws import Aws, AwsScope
from controller.clients.aws_errors import translate
from controller.clients.redaction import clean
from controller.domain.errors import Denied, Gone, NoCapacity, Permanent, PlatformError, Throttled, Transient
from tests.clients.fake_aws import FakeAws, refusal

CALL = "autoscaling.SetDesiredCapacity"
URL = "https://user:hunter2@autoscaling.eu-west-1.amazonaws.com/?a=b"


def refused(status: int, code: str, message: str = "said AWS") -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "SetDesiredCapacity")


REFUSALS = [
    (400, "Throttling", "Rate exceeded", Throttled),
    (503, "RequestLimitExceeded", "Request limit exceeded.", Throttled),
    (400, "ThrottlingException", "Rate exceeded", Throttled),
    (429, "", "", Throttled),
    (400, "ScalingActivityInProgress", "Activity 1234 is in progress.", Transient),
    (400, "ScalingActivityInProgressFault", "Activity 1234 is in progress.", Transient),
    (500, "ResourceContention", "You already have a pending update", Transient),
    (500, "InternalFailure", "", Transient),
    (503, "ServiceUnavailable", "", Transient),
    (400, "RequestTimeout", "", Transient),
    (502, "Unknown", "", Transient),
    (400, "InvalidInstanceID.NotFound", "The instance ID 'i-1' does not exist", Gone),
    (400, "InvalidLaunchTemplateName.NotFoundException", "", Gone),
    (400, "InvalidAMIID.Unavailable", "The image ID '[ami-1]' is no longer available", Gone),
    (400, "TargetGroupNotFound", "One or more target groups not found", Gone),
    (400, "ValidationError", "AutoScalingGroup name not found - no group web", Gone),
    (400, "ValidationError", "Instance Id not found - No managed instance found for instance ID: i-1", Gone),
    (400, "InvalidTarget", "The specified target does not exist", Gone),
    (404, "SomethingElse", "", Gone),
    (403, "AccessDenied", "is not authorized to perform: autoscaling:SetDesiredCapacity", Denied),
    (403, "UnauthorizedOperation", "You are not authorized to perform this operation.", Denied),
    (403, "ExpiredToken", "The security token included in the request is expired", Denied),
    (403, "InvalidClientTokenId", "The security token included in the request is invalid.", Denied),
    (403, "WhateverElse", "", Denied),
    (401, "AuthFailure", "", Denied),
    (400, "RequestExpired", "Request has expired.", Denied),
    (500, "InsufficientInstanceCapacity", "We currently do not have sufficient m5.large capacity", NoCapacity),
    (400, "VcpuLimitExceeded", "You have requested more vCPU capacity", NoCapacity),
    (400, "ValidationError", "New SetDesiredCapacity value 9 is above max value 8", Permanent),
    (400, "InvalidInstanceID.Malformed", 'Invalid id: "web"', Permanent),
    (301, "PermanentRedirect", "", Permanent),
    (418, "Teapot", "", Permanent),
]


@pytest.mark.parametrize(("status", "code", "message", "kind"), REFUSALS)
def test_a_refusal_has_one_meaning(status: int, code: str, message: str, kind: type[PlatformError]) -> None:
    found = translate(refused(status, code, message), CALL, mutation=True)
    assert type(found) is kind
    assert found.call == CALL
    assert found.code == (code or str(status))
    assert str(found).startswith(f"{CALL}: ")


@pytest.mark.parametrize(("status", "code", "message", "kind"), REFUSALS)
def test_a_refusal_says_perhaps_only_for_a_mutation_that_broke_on_their_side(
    status: int, code: str, message: str, kind: type[PlatformError]
) -> None:
    broke = code in {"InternalFailure", "ServiceUnavailable", "RequestTimeout", "Unknown"}
    assert translate(refused(status, code, message), CALL, mutation=True).perhaps is broke
    assert not translate(refused(status, code, message), CALL, mutation=False).perhaps


def connector_error() -> aiohttp.ClientConnectorError:
    return aiohttp.ClientConnectorError(None, OSError(111, "refused"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("raised", "kind", "code", "perhaps"),
    [
        (EndpointConnectionError(endpoint_url=URL, error=connector_error()), Transient, "connection", False),
        (EndpointConnectionError(endpoint_url=URL, error=ConnectionResetError()), Transient, "connection", True),
        (ConnectTimeoutError(endpoint_url=URL, error="x"), Transient, "connection", False),
        (ReadTimeoutError(endpoint_url=URL, error="x"), Transient, "timeout", True),
        (ConnectionClosedError(endpoint_url=URL, error="x"), Transient, "connection", True),
        (aiohttp.ClientPayloadError("cut"), Transient, "connection", True),
        (TimeoutError(), Transient, "timeout", True),
        (ParamValidationError(report="Missing required parameter"), Permanent, "invalid", False),
        (UnauthorizedSSOTokenError(), Denied, "no_credentials", False),
        (CredentialRetrievalError(provider="role", error_msg="hunter2"), Transient, "credentials", False),
        (RuntimeError("Credentials were refreshed, but are still expired."), Denied, "no_credentials", False),
        (KeyError("member"), Transient, "unreadable", True),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_no_answer_has_one_meaning(raised: Exception, kind: type[PlatformError], code: str, perhaps: bool) -> None:
    found = translate(raised, CALL, mutation=True)
    assert (type(found), found.code, found.perhaps) == (kind, code, perhaps)
    assert not translate(raised, CALL, mutation=False).perhaps
    assert "hunter2" not in str(found)


def test_an_endpoint_is_named_without_what_its_url_carries() -> None:
    found = translate(ConnectTimeoutError(endpoint_url=URL, error="x"), CALL, mutation=False)
    assert str(found) == f"{CALL}: no connection to https://autoscaling.eu-west-1.amazonaws.com"
    found = translate(ConnectTimeoutError(endpoint_url="http://[", error="x"), CALL, mutation=False)
    assert str(found) == f"{CALL}: no connection to the endpoint"


@pytest.mark.parametrize("code", ["SignatureDoesNotMatch", "AccessDenied", "ValidationError"])
async def test_a_session_token_that_aws_quotes_stays_out_of_the_error_and_its_traceback(
    aws: Aws, endpoint: FakeAws, code: str
) -> None:
    quoted = "The Canonical String should have been 'POST / x-amz-security-token:hunter2 Secret=hunter2 AKIAHUNTER2222'"
    endpoint.says("DescribeAutoScalingGroups", refusal(403, code, quoted))
    with pytest.raises(PlatformError) as caught:
        await aws.read(AwsScope(), "autoscaling", "DescribeAutoScalingGroups")
    printed = "".join(traceback.format_exception(caught.value)).lower()
    assert code.lower() in printed
    assert "hunter2" not in printed


async def test_a_session_token_that_sts_quotes_stays_out_of_the_log(
    aws: Aws, endpoint: FakeAws, caplog: pytest.LogCaptureFixture
) -> None:
    endpoint.says("AssumeRole", refusal(403, "SignatureDoesNotMatch", "x-amz-security-token:hunter2"))
    with pytest.raises(Denied):
        await aws.read(AwsScope(role_arn="arn:aws:iam::123456789012:role/r"), "ec2", "DescribeInstances")
    assert "Refreshing temporary credentials failed" in caplog.text
    assert "hunter2" not in caplog.text


def test_credentials_that_are_not_accepted_come_with_advice() -> None:
    assert "renew" in str(translate(refused(403, "ExpiredToken"), CALL, mutation=False))
    assert "AWS_SECRET_ACCESS_KEY" in str(translate(refused(403, "SignatureDoesNotMatch"), CALL, mutation=False))


def test_words_are_cut_to_one_readable_line() -> None:
    text = "You are not\nauthorized. Encoded authorization failure message: abc" + "x" * 1000
    assert clean(text) == "You are not authorized."
    assert len(clean("y" * 5000)) < 310
