"""A Docker fleet's `load_balancer:`: exactly one kind, its options by its own model, errors at their place."""

import re

import pytest

from controller.app.clients import SharedClients
from controller.app.configuration import specs
from controller.balancers import configurable
from controller.balancers.haproxy import Haproxy
from controller.balancers.labels import Labels
from controller.balancers.network_alias import NetworkAlias
from controller.clock import SystemClock
from controller.domain.errors import ConfigError
from controller.domain.ports import Server
from controller.platforms.docker.load_balancer import Balancing
from controller.platforms.docker.options import DockerOptions
from controller.settings import load, policy_from_document

HAPROXY = "haproxy: {socket: /run/haproxy.sock, backend: edge, port: 8000, inter: 0.5s, keywords: ssl verify none}"


def config(balancer: str) -> str:
    return f"version: 1\nfleets:\n  edge:\n    docker:\n      label: a=b\n      load_balancer: {balancer}\n"


@pytest.mark.parametrize(
    ("balancer", "error"),
    [
        ("{haproxi: {}}", "unknown key 'haproxi'. Did you mean 'haproxy'?"),
        ("{target_group: {}}", "unknown key 'target_group'. Known here: haproxy, labels, network_alias."),
        ("{}", "'load_balancer' cannot be used: say exactly one of haproxy, labels, network_alias."),
        (
            "{labels: {}, network_alias: {}}",
            "'load_balancer' cannot be used: say exactly one of haproxy, labels, network_alias.",
        ),
        ("haproxy", "'load_balancer' must be a mapping."),
        (
            "{labels: {settle: 5}}",
            "'settle' must be a duration such as 90s, 15m, 6h or 30d, not 5, which has no unit.",
        ),
        ("{haproxy: {socket: /a}}", "'backend' is missing."),
        ("{haproxy: {socket: /a, backnd: b, backend: c}}", "unknown key 'backnd'. Did you mean 'backend'?"),
        ("{haproxy: {socket: /a, backend: a b}}", "'backend' must be a backend's name, not 'a b'."),
        (
            "{haproxy: {socket: a, backend: b}}",
            "'socket' must be the PATH of a unix socket, or HOST:PORT, not 'a'.",
        ),
        ("{haproxy: {socket: /a, backend: b, port: 0}}", "'port' must be at least 1."),
        (
            '{haproxy: {socket: /a, backend: b, keywords: "check; quit"}}',
            "'keywords' must be keywords of a `server` line, such as `ssl verify none`, not 'check; quit'.",
        ),
    ],
)
def test_what_is_wrong_is_named_at_its_place(balancer: str, error: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(config(balancer), "repave.yaml", specs())
    found = (re.fullmatch(r"repave\.yaml:6:\d+: (.*)", line) for line in str(caught.value).splitlines())
    assert error in [line[1] for line in found if line]


@pytest.mark.parametrize(
    ("balancer", "kind", "identity", "port"),
    [
        (HAPROXY, Haproxy, "edge@/run/haproxy.sock", 8000),
        ("haproxy: {socket: '[::1]:9999', backend: edge}", Haproxy, "edge@[::1]:9999", 80),
        ("labels: {settle: 0s}", Labels, "labels", None),
        ("network_alias: {networks: [web]}", NetworkAlias, "network_alias", None),
    ],
)
def test_the_one_that_is_named_is_built_also_from_an_old_policy(
    balancer: str, kind: type, identity: str, port: int | None
) -> None:
    policy = load(config(f"{{{balancer}}}"), "repave.yaml", specs()).fleets["edge"]
    again = policy_from_document(policy.document, specs())
    assert again == policy
    options = again.platform_options
    assert isinstance(options, DockerOptions)
    assert options.load_balancer is not None
    built = Balancing.of(options.load_balancer, SharedClients(SystemClock()))
    assert isinstance(built.balancer, kind)
    assert (built.id, built.port) == (identity, port)
    assert (built.unfit(Server("c1", "web-1")) is None) is (built.kind != "labels")


def test_a_backend_is_one_fleets() -> None:
    text = config("{haproxy: {socket: /a, backend: edge}}")
    more = text.partition("fleets:\n")[2].replace("edge:\n", "more:\n", 1).replace("a=b", "c=d")
    said = "fleets 'edge' and 'more' declare the same balancer, haproxy edge@/a."
    with pytest.raises(ConfigError, match=re.escape(said)):
        load(text + more, "repave.yaml", specs())
    assert load(text + more.replace("backend: edge", "backend: more"), "repave.yaml", specs()).fleets
    by_labels = (config("{labels: {}}"), more.replace("haproxy: {socket: /a, backend: edge}", "labels: {}"))
    assert load("".join(by_labels), "repave.yaml", specs()).fleets


def test_every_kind_is_tried_here() -> None:
    assert set(configurable()) == {"haproxy", "labels", "network_alias"}
