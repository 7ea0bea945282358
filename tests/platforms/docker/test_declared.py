"""What was declared is kept, and what an image put there is left to the next one."""

from typing import Any

import pytest

from controller.platforms.docker.declared import Wishes, declared
from tests.support.fake_containers import merged

ID = "0123456789ab" + "c" * 52
IMAGE = {
    "Env": ["PATH=/bin", "MODE=slow"],
    "Cmd": ["serve"],
    "Entrypoint": ["/init"],
    "Labels": {"version": "1", "team": "a"},
    "ExposedPorts": {"80/tcp": {}},
    "Volumes": {"/var/lib/app": {}},
    "WorkingDir": "/app",
    "User": "app",
    "StopSignal": "SIGQUIT",
    "Healthcheck": {"Test": ["CMD", "check"], "Interval": 5_000_000_000},
}


def made(image: dict[str, Any] = IMAGE, host: dict[str, Any] | None = None, **asked: Any) -> dict[str, Any]:
    """The inspect of a container for which this was asked."""
    networks = asked.pop("networks", {"bridge": {"IPAMConfig": None, "Aliases": None}})
    mounts = asked.pop("mounts", [])
    return {
        "Id": ID,
        "Name": "/web-1",
        "Config": merged({"Image": "app:1", **asked}, image, ID),
        "HostConfig": {"NetworkMode": "default", **(host or {})},
        "Mounts": mounts,
        "NetworkSettings": {"Networks": networks},
    }


def again(container: dict[str, Any], image: dict[str, Any] = IMAGE, **wishes: Any) -> dict[str, Any]:
    return dict(declared(container, {"Config": image}, Wishes(**wishes)).body)


def test_what_is_all_the_images_is_left_to_the_next_image() -> None:
    assert again(made()) == {"Image": "app:1", "Labels": {}, "HostConfig": {"NetworkMode": "default"}}


ASKED: list[dict[str, Any]] = [
    {"Env": ["MODE=fast", "KEY=1"]},
    {"Env": ["EMPTY="]},
    {"Cmd": ["serve", "--verbose"]},
    {"Entrypoint": ["/other"]},
    {"Entrypoint": ["/other"], "Cmd": ["serve"]},
    {"Entrypoint": [""]},
    {"Entrypoint": [""], "Cmd": ["sh"]},
    {"Entrypoint": ["/init"]},
    {"Labels": {"team": "b", "own": ""}},
    {"ExposedPorts": {"81/tcp": {}}},
    {"Volumes": {"/data": {}}},
    {"WorkingDir": "/srv"},
    {"User": "0"},
    {"StopSignal": "SIGTERM"},
    {"StopTimeout": 3},
    {"Healthcheck": {"Interval": 9}},
    {"Healthcheck": {"Test": ["NONE"]}},
    {"Healthcheck": {"Test": ["CMD", "mine"], "Retries": 2}},
    {"Hostname": "web.example.org", "Domainname": "example.org"},
    {"Tty": True, "OpenStdin": True},
]


@pytest.mark.parametrize("asked", ASKED, ids=str)
def test_the_same_image_gives_the_same_configuration_again(asked: dict[str, Any]) -> None:
    container = made(**asked)
    body = again(container)
    second = merged({key: value for key, value in body.items() if key != "HostConfig"}, IMAGE, ID)
    for told in (second, container["Config"]):  # what was not asked for may be written in more than one way
        told["Env"] = sorted(told["Env"])
    assert second == container["Config"]


NEW = {
    **IMAGE,
    "Env": ["PATH=/bin:/new", "MODE=new", "FRESH=1"],
    "Cmd": ["serve2"],
    "Entrypoint": ["/init2"],
    "Labels": {"version": "2", "team": "a"},
    "WorkingDir": "/app2",
    "User": "app2",
    "StopSignal": "SIGINT",
    "Healthcheck": {"Test": ["CMD", "check2"], "Interval": 6},
}


def test_a_new_image_brings_its_own_defaults() -> None:
    body = again(made(Env=["KEY=1"], Labels={"own": "x"}, Healthcheck={"Interval": 9}))
    second = merged({key: value for key, value in body.items() if key != "HostConfig"}, NEW, ID)
    assert set(second["Env"]) == {"KEY=1", "PATH=/bin:/new", "MODE=new", "FRESH=1"}
    assert second["Labels"] == {"own": "x", "version": "2", "team": "a"}
    assert (second["Entrypoint"], second["Cmd"]) == (["/init2"], ["serve2"])
    assert (second["WorkingDir"], second["User"], second["StopSignal"]) == ("/app2", "app2", "SIGINT")
    assert second["Healthcheck"] == {"Test": ["CMD", "check2"], "Interval": 9}


def test_a_declared_entrypoint_keeps_its_own_command_on_a_new_image() -> None:
    body = again(made(Entrypoint=["/other"], Cmd=["serve"]))
    assert (body["Entrypoint"], body["Cmd"]) == (["/other"], ["serve"])
    body = again(made(Entrypoint=["/other"]))
    assert (body["Entrypoint"], body.get("Cmd")) == (["/other"], None)


def test_labels_of_ours_are_made_anew_and_those_of_people_and_compose_stay() -> None:
    labels = {
        "repave.replacement": "r-old",
        "repave.fleet": "old",
        "repave.protected": "",
        "com.docker.compose.service": "web",
        "com.docker.compose.image": "sha256:old",
    }
    wishes = Wishes({"repave.replacement": "r-new"})
    told = declared(made(Labels=labels), {"Config": IMAGE}, wishes, "sha256:new").body["Labels"]
    assert told == {
        "repave.replacement": "r-new",
        "repave.protected": "",
        "com.docker.compose.service": "web",
        "com.docker.compose.image": "sha256:new",
    }


def test_the_label_that_makes_a_member_stays_even_where_it_is_the_images() -> None:
    assert again(made(), member_label="team")["Labels"] == {"team": "a"}


def test_a_host_name_that_is_the_beginning_of_the_id_is_not_kept() -> None:
    assert "Hostname" not in again(made())
    assert "Hostname" not in again(made(host={"NetworkMode": "host"}, networks={"host": {}}, Hostname="the-host"))


def test_the_host_side_is_kept_and_what_is_the_predecessors_alone_is_not() -> None:
    host = {
        "Memory": 64,
        "NanoCpus": 5,
        "PidsLimit": 10,
        "Ulimits": [{"Name": "nofile", "Soft": 1, "Hard": 2}],
        "Binds": ["/srv:/srv:ro", "data:/data"],
        "Tmpfs": {"/t": "size=1m"},
        "CapAdd": ["CAP_NET_ADMIN"],
        "SecurityOpt": ["no-new-privileges"],
        "MaskedPaths": [],
        "Sysctls": {"net.core.somaxconn": "99"},
        "Devices": [{"PathOnHost": "/dev/null", "PathInContainer": "/dev/x", "CgroupPermissions": "r"}],
        "Dns": ["1.1.1.1"],
        "ExtraHosts": ["a:1.2.3.4"],
        "Init": True,
        "ReadonlyRootfs": True,
        "ShmSize": 1024,
        "RestartPolicy": {"Name": "always", "MaximumRetryCount": 0},
        "LogConfig": {"Type": "json-file", "Config": {"max-size": "1m"}},
        "Runtime": "runc",
        "CgroupParent": "/web",
        "GroupAdd": ["7"],
    }
    gone = {"ContainerIDFile": "/run/x.cid", "ConsoleSize": [0, 0], "KernelMemory": 0, "OomKillDisable": False}
    body = again(made(host={**host, **gone, "VolumesFrom": None}))
    assert body["HostConfig"] == {**host, "NetworkMode": "default"}


def test_links_are_written_as_they_were_declared() -> None:
    assert again(made(host={"Links": ["/db:/web-1/database"]}))["HostConfig"]["Links"] == ["db:database"]


def test_fixed_ports_move_into_the_range_and_free_ones_stay_free() -> None:
    bindings = {
        "80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8000"}],
        "81/tcp": [{"HostIp": "", "HostPort": ""}],
        "82/udp": [{"HostIp": "", "HostPort": "9000-9010"}],
    }
    container = made(host={"PortBindings": bindings})
    assert again(container)["HostConfig"]["PortBindings"] == bindings
    moved = again(container, ports="8000-8099")["HostConfig"]["PortBindings"]
    assert moved == {**bindings, "80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8000-8099"}]}


def test_anonymous_volumes_are_shared_only_when_asked_for() -> None:
    mounts = [
        {"Type": "volume", "Name": "n1", "Destination": "/var/lib/app", "RW": True},
        {"Type": "volume", "Name": "n2", "Destination": "/data", "RW": True},
        {"Type": "volume", "Name": "n3", "Destination": "/m", "RW": True},
        {"Type": "volume", "Name": "named", "Destination": "/named", "RW": True},
    ]
    host = {"Binds": ["named:/named"], "Mounts": [{"Type": "volume", "Target": "/m"}]}
    container = made(host=host, mounts=mounts, Volumes={"/data": {}})
    alone = again(container)
    assert (alone["HostConfig"]["Binds"], alone["Volumes"]) == (["named:/named"], {"/data": {}})
    assert alone["HostConfig"]["Mounts"] == [{"Type": "volume", "Target": "/m"}]
    shared = again(container, share_volumes=True)
    assert shared["HostConfig"]["Binds"] == ["named:/named", "n2:/data", "n1:/var/lib/app"]
    assert shared["HostConfig"]["Mounts"] == [{"Type": "volume", "Target": "/m", "Source": "n3"}]
    assert "Volumes" not in shared


def test_networks_are_joined_without_aliases_and_without_the_engines_addresses() -> None:
    networks = {
        "front": {"IPAMConfig": {}, "Aliases": ["web", ID[:12]], "IPAddress": "172.1.0.2", "MacAddress": "02:42"},
        "back": {"IPAMConfig": None, "Aliases": [ID[:12]], "Links": ["db:db"], "DriverOpts": {"x": "y"}},
    }
    found = declared(made(host={"NetworkMode": "front"}, networks=networks), {"Config": IMAGE})
    assert found.body["HostConfig"]["NetworkMode"] == "front"
    assert found.body["NetworkingConfig"] == {"EndpointsConfig": {"front": {}}}
    assert found.further == {"back": {"Links": ["db:db"], "DriverOpts": {"x": "y"}}}
    assert found.aliases == {"front": {"Aliases": ["web"]}}


@pytest.mark.parametrize(
    ("mode", "networks", "primary"),
    [
        ("default", {"bridge": {}}, "default"),
        ("default", {"web": {}}, "web"),
        ("id-of-web", {"web": {"NetworkID": "id-of-web"}, "a": {}}, "web"),
        ("left", {"web": {}, "back": {}}, "back"),
        ("left", {}, "left"),
        ("none", {"none": {}}, "none"),
        ("container:abc", {}, "container:abc"),
    ],
)
def test_the_first_network_is_the_one_that_was_asked_for_as_far_as_it_is_joined(
    mode: str, networks: dict[str, Any], primary: str
) -> None:
    body = again(made(host={"NetworkMode": mode}, networks=networks))
    assert body["HostConfig"]["NetworkMode"] == primary
