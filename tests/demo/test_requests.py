"""A request is told apart by its signature's scope, and its body is never trusted to be small."""

from io import BytesIO
from typing import Any

import pytest

from controller.demo.world.requests import AwsRequest, error_code, parse, read_body

SIGNED = "AWS4-HMAC-SHA256 Credential=AKIA/20261123/eu-west-1/{service}/aws4_request, SignedHeaders=host, Signature=00"


def environ(service: str, **more: Any) -> dict[str, Any]:
    authorization = SIGNED.format(service=service)
    return {"REQUEST_METHOD": "POST", "PATH_INFO": "/", "HTTP_AUTHORIZATION": authorization, **more}


def test_a_form() -> None:
    request = parse(environ("ec2"), b"Action=CreateTags&Version=2016-11-15&ResourceId.1=i-1&Tag.1.Value=a%20b")
    assert request == AwsRequest(
        "ec2", "eu-west-1", "AKIA", "CreateTags", {"ResourceId.1": "i-1", "Tag.1.Value": "a b"}, "ec2"
    )


def test_a_target_header_and_an_rpc_path() -> None:
    request = parse(
        environ("dynamodb", HTTP_X_AMZ_TARGET="DynamoDB_20120810.PutItem"), b'{"TableName": "t", "Item": {}}'
    )
    assert (request.action, request.parameters, request.protocol) == (
        "PutItem",
        {"TableName": "t", "Item": "{}"},
        "json",
    )
    path = "/service/GraniteServiceVersion20100801/operation/GetMetricData"
    assert parse(environ("monitoring", PATH_INFO=path), b"\xbf\xff").action == "GetMetricData"


def test_a_rest_call_is_named_by_verb_and_path() -> None:
    put = parse(environ("s3", REQUEST_METHOD="PUT", PATH_INFO="/bucket/key"), b"content")
    get = parse(environ("s3", REQUEST_METHOD="GET", PATH_INFO="/bucket/key"), b"")
    assert (put.action, put.mutating) == ("PUT /bucket/key", True)
    assert (get.action, get.mutating) == ("Get /bucket/key", False)


def test_an_unsigned_call_has_no_key() -> None:
    request = parse({"REQUEST_METHOD": "POST", "PATH_INFO": "/"}, b"Action=DescribeInstances")
    assert (request.key, request.service) == ("", "")


@pytest.mark.parametrize(
    ("action", "mutating"),
    [
        ("DescribeAutoScalingGroups", False),
        ("GetCallerIdentity", False),
        ("ListTagsForResource", False),
        ("Query", False),
        ("AssumeRole", False),
        ("SetDesiredCapacity", True),
        ("TerminateInstanceInAutoScalingGroup", True),
        ("CreateOrUpdateTags", True),
        ("DeregisterTargets", True),
        ("RunInstances", True),
        ("SomethingNew", True),
    ],
)
def test_whatever_is_not_plainly_a_read_is_mutating(action: str, mutating: bool) -> None:
    assert AwsRequest("x", "r", "k", action, {}, "query").mutating is mutating


def test_parameters_are_bounded() -> None:
    form = "Action=X&" + "&".join(f"P{number}={'v' * 1000}" for number in range(200))
    parameters = parse(environ("ec2"), form.encode()).parameters
    assert len(parameters) == 60
    assert max(len(value) for value in parameters.values()) == 300


def test_a_body_is_put_back_unless_it_is_too_large() -> None:
    small = {"CONTENT_LENGTH": "3", "wsgi.input": BytesIO(b"abc")}
    assert read_body(small) == b"abc"
    assert small["wsgi.input"].read() == b"abc"  # type: ignore[attr-defined]
    assert read_body({"CONTENT_LENGTH": str(1 << 21), "wsgi.input": BytesIO(b"")}) is None


def test_the_code_of_an_error_is_found_in_both_shapes() -> None:
    assert (
        error_code(b"<ErrorResponse><Error><Code>ValidationError</Code></Error></ErrorResponse>") == "ValidationError"
    )
    assert error_code(b'{"__type": "ThrottlingException", "message": "slow down"}') == "ThrottlingException"
    assert error_code(b"<html>") is None
