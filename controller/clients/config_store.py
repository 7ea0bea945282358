"""Configurations that are kept in S3 (`s3://bucket/key`) or in SSM (`ssm:/name`, or a parameter's ARN)."""

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from controller.clients.aws import Aws, AwsScope
from controller.domain.errors import ConfigError, ConfigUnreachable, ForbiddenCall, PlatformError

UNCHANGED = "304"
ALLOW = "deploy/iam/config.json allows it"
WORDS = {
    "NoSuchBucket": "there is no such bucket; check its name.",
    "NoSuchKey": "there is no such object in the bucket; check the key.",
    "ParameterNotFound": "there is no such parameter in this region; check its name and AWS_REGION.",
    "ParameterVersionNotFound": "the parameter has no such version.",
    "no_region": "no AWS region is known; set AWS_REGION.",
}
"""What to do, by AWS's code (https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html,
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html) or ours."""
ELSEWHERE = "the bucket is in another region, and S3 does not say in which; set AWS_REGION to the bucket's."
"""The SDK follows S3 to a bucket's region by itself, but not by HeadBucket, which is on no list of ours."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What is kept there. version: S3's version id (its ETag, where the bucket keeps no versions), or SSM's number.

    mark: by which `fetch` knows it again.
    """

    content: bytes
    version: str
    mark: str


class ConfigStore:
    """Reads them, within the limits of `Aws`."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws

    async def fetch(self, name: str, unless: str = "") -> Stored | None:
        """What is kept there; None when it is still what has this mark.

        Raises ConfigUnreachable when it may work on the next try, and else ConfigError: one line that names the
        configuration and says what to do.
        """
        if name.startswith("s3:"):
            bucket, key = _object(name)
            return await self._from_s3(name, bucket, key, unless)
        parameter = name.removeprefix("ssm:")
        if not parameter or parameter.startswith("//"):
            raise ConfigError(f"{name}: a parameter of SSM is named ssm:/NAME.")
        return await self._from_ssm(name, parameter, unless)

    async def _from_s3(self, name: str, bucket: str, key: str, unless: str) -> Stored | None:
        condition = {"IfNoneMatch": unless} if unless else {}
        try:
            answer = await self._aws.read(AwsScope(), "s3", "GetObject", Bucket=bucket, Key=key, **condition)
        except ForbiddenCall:
            raise ConfigError(f"{name}: {ELSEWHERE}") from None
        except PlatformError as error:
            if error.code == UNCHANGED:
                return None
            raise _unread(name, error, f"s3:GetObject on arn:aws:s3:::{bucket}/{key}") from None
        tag, version = str(answer.get("ETag") or ""), str(answer.get("VersionId") or "")
        content: bytes = await answer["Body"].read()
        return Stored(content, version if version not in ("", "null") else tag.strip('"'), tag)

    async def _from_ssm(self, name: str, parameter: str, unless: str) -> Stored | None:
        try:
            answer = await self._aws.read(_scope(parameter), "ssm", "GetParameter", Name=parameter, WithDecryption=True)
        except PlatformError as error:
            raise _unread(name, error, f"ssm:GetParameter on {parameter}") from None
        found: Any = answer.get("Parameter") or {}
        content, version = str(found.get("Value") or "").encode(), str(found.get("Version") or "")
        mark = f"{version} {sha256(content).hexdigest()}"  # one that was deleted and made anew counts from 1 again
        return Stored(content, version, mark) if mark != unless else None


def _object(name: str) -> tuple[str, str]:
    found = re.fullmatch(r"s3://([^/]+)/(.+)", name)
    if found is None:
        raise ConfigError(f"{name}: an object in S3 is named s3://BUCKET/KEY.")
    return found[1], found[2]


def _scope(parameter: str) -> AwsScope:
    """A parameter named by its ARN (arn:aws:ssm:REGION:ACCOUNT:parameter/NAME) is read in its own region."""
    parts = parameter.split(":")
    return AwsScope(region=parts[3] if len(parts) > 5 and parts[0] == "arn" else None)


def _unread(name: str, error: PlatformError, action: str) -> ConfigError:
    if error.retryable:
        return ConfigUnreachable(f"{name}: the configuration cannot be read just now: {error}.")
    if error.code in WORDS:
        return ConfigError(f"{name}: {WORDS[error.code]}")
    if error.code.startswith("AccessDenied"):
        action = "kms:Decrypt of the key that it is encrypted with" if "kms:" in str(error) else action
        besides = "; S3 says so of an object that is not there, too" if name.startswith("s3:") else ""
        return ConfigError(f"{name}: AWS does not allow {action} ({ALLOW}{besides}).")
    return ConfigError(f"{name}: the configuration cannot be read: {error}.")
