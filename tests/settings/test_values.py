"""Durations, shares and addresses."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from controller.settings import Listen, SecretRef
from controller.settings.address import ListenAddress
from controller.settings.values import DURATION_SCHEMA, SHARE_SCHEMA, duration_text, read_duration, read_share


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("15m", 900),
        ("6h", 21_600),
        ("30d", 2_592_000),
        ("1h30m", 5_400),
        ("1d12h", 129_600),
        ("0.5s", 0.5),
        ("1.5h", 5_400),
        ("0s", 0),
        ("2d3h4m5s", 183_845),
    ],
)
def test_a_duration_is_a_number_of_seconds(text: str, seconds: float) -> None:
    assert read_duration(text) == seconds
    assert re.search(DURATION_SCHEMA["pattern"], text)


@pytest.mark.parametrize(
    "text", ["", "s", "90", "90 s", "15M", "1w", "5min", "30m1h", "1h1h", "-5m", "+5m", "1e3s", "٣s", "1.s"]
)
def test_what_is_no_duration_is_refused_here_and_in_the_schema(text: str) -> None:
    with pytest.raises(PydanticCustomError, match="must be a duration such as 90s"):
        read_duration(text)
    assert not re.search(DURATION_SCHEMA["pattern"], text)


@given(st.integers(0, 3_650 * 86_400))
def test_a_duration_survives_being_written(seconds: int) -> None:
    assert read_duration(duration_text(seconds)) == seconds


@pytest.mark.parametrize(("text", "share"), [("0%", 0.0), ("10%", 0.1), ("12.5%", 0.125), ("100%", 1.0)])
def test_a_share_is_a_part_of_one(text: str, share: float) -> None:
    assert read_share(text) == share
    assert re.search(SHARE_SCHEMA["pattern"], text)


@pytest.mark.parametrize("value", ["10", "%", "-1%", "101%", "10 %", "ten%", 0.1, 10, None, True, "1000%"])
def test_what_is_no_share_is_refused(value: object) -> None:
    with pytest.raises(PydanticCustomError, match="must be a share"):
        read_share(value)


LISTEN: TypeAdapter[Listen] = TypeAdapter(ListenAddress)


@pytest.mark.parametrize("text", ["127.0.0.1:8080", "127.1.2.3:0", "localhost:80", "[::1]:65535"])
def test_a_loopback_address_can_be_listened_on(text: str) -> None:
    assert str(LISTEN.validate_python(text)) == text
    assert LISTEN.validate_python(text).loopback


@pytest.mark.parametrize("text", ["0.0.0.0:80", "[::]:80", "10.0.0.1:80", "example.org:80", "localhost.example.org:80"])
def test_any_other_address_is_reached_by_others(text: str) -> None:
    assert not LISTEN.validate_python(text).loopback


@pytest.mark.parametrize("text", ["", "127.0.0.1", ":80", "127.0.0.1:", "127.0.0.1:65536", "::1:80", "a b:1", 8080])
def test_what_is_no_address_is_refused(text: object) -> None:
    with pytest.raises(ValidationError, match="must be HOST:PORT"):
        LISTEN.validate_python(text)


SECRET: TypeAdapter[SecretRef] = TypeAdapter(SecretRef)


@pytest.mark.parametrize("kind", ["env", "file", "secretsmanager"])
def test_a_secret_is_a_reference_and_is_written_as_one(kind: str) -> None:
    secret = SECRET.validate_python({kind: "name"})
    assert secret == SecretRef(kind, "name")
    assert SECRET.dump_python(secret, mode="json") == {kind: "name"}
    assert SECRET.validate_python(secret) is secret


@pytest.mark.parametrize(
    "value", ["hunter2", 5, None, {}, {"env": ""}, {"env": 5}, {"vault": "a"}, {"env": "a", "file": "b"}]
)
def test_anything_else_is_refused_as_a_secret(value: object) -> None:
    with pytest.raises(ValidationError, match="never the secret itself"):
        SECRET.validate_python(value)
