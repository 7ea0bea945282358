"""What the files of a real container's process say of who it is, and the plan of a daemon that runs in it."""

from pathlib import Path

from controller.app.own_host import own_instances
from controller.decide.rules.own_host import check
from controller.domain.verdict import Draft
from controller.platforms.docker.container import listed
from tests.support.builders import candidate, instance, policy, snapshot
from tests.support.docker_engine import Api
from tests.support.docker_fleet import fleet
from tests.support.docker_images import Image


async def test_a_process_in_a_container_knows_which_it_is(engine: Api, app_image: Image, tmp_path: Path) -> None:
    async with fleet(engine, app_image, 2) as web:
        seen = await engine.inspect(web[1].id)
        (tmp_path / "self").symlink_to(f"/proc/{seen['State']['Pid']}")
        own = own_instances({}, tmp_path / "absent", tmp_path)
        assert own == {web[1].id}
        full = {one["Id"][:12]: listed(one).id for one in await engine.containers(web.label)}
        members = {
            number: instance(web[number].short, names=(web.name(number), full[web[number].short])) for number in (1, 2)
        }
        seen_by_it = snapshot(members.values(), own_instances=own)
        assert check(candidate(members[1]), Draft(), seen_by_it, policy()) is not None
        assert check(candidate(members[2]), Draft(), seen_by_it, policy()) is None


async def test_who_lends_its_network_to_a_daemon_is_left_alone_by_it(
    engine: Api, app_image: Image, tmp_path: Path
) -> None:
    async with fleet(engine, app_image, 1) as web:
        body = {
            "Image": app_image.reference,
            "Labels": {"repave.test": web.mark},
            "HostConfig": {"NetworkMode": f"container:{web[1].id}"},
            "Entrypoint": ["/bin/sleep", "60"],
        }
        guest = (await engine.call("POST", "/containers/create", body, name=f"guest-{web.mark}"))["Id"]
        await engine.call("POST", f"/containers/{guest}/start")
        (tmp_path / "self").symlink_to(f"/proc/{(await engine.inspect(guest))['State']['Pid']}")
        assert web[1].id in own_instances({}, tmp_path / "absent", tmp_path)


def test_a_process_on_the_host_is_in_no_container(tmp_path: Path) -> None:
    (tmp_path / "self").symlink_to("/proc/1")
    found = own_instances({}, tmp_path / "absent", tmp_path)
    assert found == set() or Path("/.dockerenv").exists()
