import pytest

from controller.domain.errors import ConfigError
from controller.record.destination import Destination, destination


@pytest.mark.parametrize(
    ("environment", "url"),
    [
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}, "http://collector:4318/v1/traces"),
        (
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "https://otlp.example.org/prefix/"},
            "https://otlp.example.org/prefix/v1/traces",
        ),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://collector:4318/odd"}, "http://collector:4318/odd"),
        (
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://a", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://b/x"},
            "http://b/x",
        ),
    ],
)
def test_where_traces_go(environment: dict[str, str], url: str) -> None:
    found = destination(environment)
    assert found is not None
    assert (found.url, dict(found.headers), found.timeout_seconds) == (url, {}, 10.0)


@pytest.mark.parametrize(
    "environment", [{}, {"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, {"OTEL_EXPORTER_OTLP_HEADERS": "a=b"}]
)
def test_no_endpoint_is_no_destination(environment: dict[str, str]) -> None:
    assert destination(environment) is None


def of(**variables: str) -> Destination:
    found = destination(
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"} | {f"OTEL_EXPORTER_OTLP_{k}": v for k, v in variables.items()}
    )
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("text", "headers"),
    [
        ("api-key=abc", {"api-key": "abc"}),
        (" Api-Key = abc , x=1 ,", {"api-key": "abc", "x": "1"}),
        ("authorization=Basic%20dXNlcjpwYXNz%3D%3D", {"authorization": "Basic dXNlcjpwYXNz=="}),
        ("k=a=b", {"k": "a=b"}),
        ("k=a%2Cb", {"k": "a,b"}),
    ],
)
def test_headers_are_percent_decoded(text: str, headers: dict[str, str]) -> None:
    assert of(HEADERS=text).headers == headers


def test_the_headers_of_traces_win() -> None:
    assert of(HEADERS="a=general", TRACES_HEADERS="b=own").headers == {"b": "own"}
    assert of(HEADERS="a=general", TRACES_HEADERS="").headers == {"a": "general"}


@pytest.mark.parametrize(
    "text", ["s3cret", "bad name=s3cret", "k=s3cret%0d%0aInjected: 1", "k=s3cret%00", "k=s3cret%C3%A9"]
)
def test_a_bad_header_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(ConfigError, match="OTEL_EXPORTER_OTLP_HEADERS: entry 2") as caught:
        of(HEADERS=f"fine=1,{text}")
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(("text", "seconds"), [("2500", 2.5), ("10", 1.0), ("9999999", 120.0)])
def test_the_time_limit_is_in_milliseconds_and_bounded(text: str, seconds: float) -> None:
    assert of(TIMEOUT=text).timeout_seconds == seconds
    assert of(TIMEOUT="60000", TRACES_TIMEOUT=text).timeout_seconds == seconds


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"ENDPOINT": "collector:4318"}, "not an http"),
        ({"ENDPOINT": "ftp://collector"}, "not an http"),
        ({"ENDPOINT": "http://:4318"}, "not an http"),
        ({"ENDPOINT": "http://c:notaport"}, "not an http"),
        ({"TRACES_ENDPOINT": "http://[::1"}, "not an http"),
        ({"PROTOCOL": "grpc"}, "only http/protobuf"),
        ({"TRACES_PROTOCOL": "http/json"}, "only http/protobuf"),
        ({"TIMEOUT": "10s"}, "whole number of milliseconds"),
    ],
)
def test_what_cannot_be_used_is_an_error_at_once(variables: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        of(**variables)


def test_neither_the_key_in_a_header_nor_the_one_in_the_address_is_shown() -> None:
    found = of(ENDPOINT="http://user:s3cret@c:4318", HEADERS="api-key=s3cret")
    assert "s3cret" not in repr(found) + found.place
    assert found.place == "http://c:4318"
