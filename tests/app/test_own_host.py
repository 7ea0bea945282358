"""On which instance, or in which container, the daemon runs: by a variable, or by what files say."""

from pathlib import Path

import pytest

from controller.app.own_host import own_instances

NITRO = "i-0123456789abcdef0"
OWN, OTHER = "a1" * 32, "b2" * 32
MOUNTS = f"""\
100 90 0:40 / / rw,relatime master:1 - overlay overlay rw,lowerdir=/var/lib/docker/overlay2/{OTHER}/diff
120 100 254:0 /var/lib/docker/containers/{OWN}/resolv.conf /etc/resolv.conf rw,relatime - ext4 /dev/vda rw
121 100 254:0 /var/lib/docker/containers/{OWN}/hostname /etc/hostname rw,relatime - ext4 /dev/vda rw
122 100 254:0 /var/lib/docker/volumes/x/_data /data rw,relatime - ext4 /dev/vda rw
"""
HOST_MOUNTS = f"""\
30 20 254:0 / / rw,relatime - ext4 /dev/vda rw
200 30 0:45 / /var/lib/docker/overlay2/{OTHER}/merged rw,relatime - overlay overlay rw
201 30 0:46 / /var/lib/docker/containers/{OTHER}/mounts/shm rw,nosuid - tmpfs shm rw
"""


def proc(folder: Path, mounts: str = "", groups: str = "", name: str = "web") -> Path:
    for place, text in (("self/mountinfo", mounts), ("self/cgroup", groups), ("sys/kernel/hostname", f"{name}\n")):
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).write_text(text)
    return folder


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ("i-0123456789abcdef0\n", {NITRO}),
        ("i-0123abcd", {"i-0123abcd"}),
        ("Not Specified\n", set()),
        ("i-0123456789abcdef0; rm -rf /", set()),
        ("", set()),
    ],
)
def test_the_firmware_is_believed_when_it_names_an_instance(tmp_path: Path, told: str, found: set[str]) -> None:
    file = tmp_path / "board_asset_tag"
    file.write_text(told)
    assert own_instances({}, file, tmp_path) == found


def test_a_host_without_that_file_is_no_instance(tmp_path: Path) -> None:
    assert own_instances({}, tmp_path / "absent", tmp_path) == set()
    assert own_instances({}, tmp_path, tmp_path) == set()


def test_the_variable_goes_first(tmp_path: Path) -> None:
    file = tmp_path / "board_asset_tag"
    file.write_text(NITRO)
    assert own_instances({"REPAVE_INSTANCE_ID": " i-0aa "}, file, proc(tmp_path, MOUNTS)) == {"i-0aa"}
    assert own_instances({"REPAVE_INSTANCE_ID": ""}, file, tmp_path / "absent") == {NITRO}


@pytest.mark.parametrize(
    ("mounts", "groups", "name", "found"),
    [
        (MOUNTS, "0::/\n", "repave", {OWN}),
        (HOST_MOUNTS, "0::/init.scope\n", "web", set()),
        ("", f"9:pids:/docker/{OWN}\n0::/docker/{OWN}\n", "repave", {OWN}),
        ("", f"0::/system.slice/docker-{OWN}.scope\n", "repave", {OWN}),
        ("", "0::/user.slice/session-1.scope\n", "a1a1a1a1a1a1", {"a1a1a1a1a1a1"}),
        (MOUNTS, f"0::/docker/{OTHER}\n", "a1a1a1a1a1a1", {OWN, OTHER, "a1a1a1a1a1a1"}),
    ],
)
def test_a_container_is_told_by_its_mounts_its_control_group_or_its_host_name(
    tmp_path: Path, mounts: str, groups: str, name: str, found: set[str]
) -> None:
    assert own_instances({}, tmp_path / "absent", proc(tmp_path, mounts, groups, name)) == found


def test_in_a_container_on_an_instance_it_is_both(tmp_path: Path) -> None:
    file = tmp_path / "board_asset_tag"
    file.write_text(NITRO)
    assert own_instances({}, file, proc(tmp_path, MOUNTS)) == {NITRO, OWN}
