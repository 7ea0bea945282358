"""What a fleet's `docker:` may say."""

from typing import Any

import pytest
from pydantic import ValidationError

from controller.platforms.docker import PLATFORM
from controller.platforms.docker.options import DockerOptions

TCP = "tcp://10.0.0.5:2376"


def test_an_engine_is_here_unless_it_is_said_where() -> None:
    assert DockerOptions(label="fleet").engines == ("unix:///var/run/docker.sock",)
    assert DockerOptions(label="fleet", host=TCP).engines == (TCP,)
    assert DockerOptions(label="fleet", hosts=(TCP, "tcp://10.0.0.6:2376")).engines == (TCP, "tcp://10.0.0.6:2376")


def test_the_certificates_go_with_every_engine() -> None:
    tls = {"ca_file": "ca.pem", "client_cert": "own.pem", "client_key": "own.key"}
    (address,) = DockerOptions(label="fleet", host=TCP, tls=tls).addresses  # type: ignore[arg-type]
    assert (address.url, address.ca_file, address.client_cert, address.client_key) == (TCP, *tls.values())


@pytest.mark.parametrize(
    ("label", "labels", "member"),
    [
        ("fleet", {"fleet": ""}, True),
        ("fleet=edge", {"fleet": "edge"}, True),
        ("fleet=edge", {"fleet": "edges"}, False),
        ("fleet=", {"fleet": ""}, True),
        ("fleet=", {"fleet": "edge"}, False),
        ("fleet=a=b", {"fleet": "a=b"}, True),
        ("fleet", {}, False),
    ],
)
def test_a_label_makes_a_member(label: str, labels: dict[str, str], member: bool) -> None:
    assert DockerOptions(label=label).selects(labels) is member


def test_a_range_of_ports_has_both_its_ends() -> None:
    assert DockerOptions(label="fleet", ports="8000-8002").port_range == range(8000, 8003)
    assert DockerOptions(label="fleet").port_range is None


def test_two_fleets_that_share_an_engine_and_a_label_declare_the_same() -> None:
    assert PLATFORM.claims is not None
    one = PLATFORM.claims(DockerOptions(label="fleet", hosts=(TCP, "tcp://10.0.0.6:2376")))
    assert set(one) & set(PLATFORM.claims(DockerOptions(label="fleet", host=TCP, pull="always")))
    assert not set(one) & set(PLATFORM.claims(DockerOptions(label="app", host=TCP)))


@pytest.mark.parametrize(
    "wrong",
    [
        {"label": None},
        {"label": "a b"},
        {"label": "=b"},
        {"host": "ssh://me@there"},
        {"host": "http://10.0.0.5:2375"},
        {"host": "tcp://10.0.0.5"},
        {"host": TCP, "hosts": [TCP]},
        {"hosts": [TCP, TCP]},
        {"tls": {"ca_file": "ca.pem"}},
        {"host": TCP, "tls": {}},
        {"host": TCP, "tls": {"client_cert": "own.pem"}},
        {"hosts": [TCP, "unix:///var/run/docker.sock"], "tls": {"ca_file": "ca.pem"}},
        {"pull": True},
        {"volumes": "move"},
        {"ports": "8080"},
        {"ports": "8081-8080"},
        {"ports": "8080-8080"},
        {"ports": "8080-70000"},
        {"ports": 8080},
        {"quarantine": 60},
        {"image_created": {"app:1": "1970-01-01"}},
        {"image_created": {"app:1": "last week"}},
        {"image_created": {"": "2026-01-01"}},
        {"labels": {}},
    ],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        DockerOptions(**{"label": "fleet", **wrong})
