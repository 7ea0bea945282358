"""docs/docker.md and the configuration that it uses speak of the same fleet, and HAProxy takes what the page says."""

import asyncio
import re
import shutil
from pathlib import Path

import pytest

from controller.app.configuration import specs
from controller.settings import load

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/docker.md").read_text()


def written(name: str) -> str:
    """The file that the page has its reader write."""
    (found,) = re.findall(rf"cat > {re.escape(name)} <<'END'\n(.*?)END\n", PAGE, re.DOTALL)
    return str(found)


def test_the_fleet_of_the_page_is_that_of_the_configuration() -> None:
    options = load((ROOT / "config/docker.yaml").read_text(), "docker.yaml", specs()).fleets["edge"].platform_options
    told = options.load_balancer.haproxy  # type: ignore[attr-defined]
    assert f"--label {options.label} " in PAGE  # type: ignore[attr-defined]
    proxy = written("haproxy.cfg")
    assert f"stats socket {told.socket} " in proxy
    assert f"backend {told.backend}\n" in proxy
    assert f'"-p", "{told.port}"' in written("Dockerfile")


async def test_haproxy_takes_what_the_page_writes(tmp_path: Path) -> None:
    program = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin")
    if program is None:
        pytest.skip("haproxy is missing: apt-get install haproxy")
    config = tmp_path / "haproxy.cfg"
    config.write_text(written("haproxy.cfg"))
    check = await asyncio.create_subprocess_exec(program, "-c", "-f", str(config), stderr=asyncio.subprocess.PIPE)
    _, words = await check.communicate()
    assert check.returncode == 0, words.decode()
