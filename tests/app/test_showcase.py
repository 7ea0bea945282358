"""The demo's configuration is the one that is shipped to be read."""

from pathlib import Path

from controller.app import showcase
from controller.app.configuration import specs
from controller.demo.scenarios import demo
from controller.settings import load

SHIPPED = Path(showcase.__file__).parents[2] / "config" / "demo.yaml"


def test_it_is_the_one_in_config() -> None:
    assert SHIPPED.read_text(encoding="utf-8") == showcase.shipped()


def test_journal_and_port_are_its_own() -> None:
    assert showcase.shipped().count(showcase.STATE) == 1
    assert showcase.shipped().count(showcase.LISTEN) == 1


def test_it_speaks_of_the_world_that_is_there() -> None:
    fleet = load(showcase.shipped(), "demo.yaml", specs()).fleets["web"]
    world = demo()
    assert fleet.platform == "asg"
    assert (world.groups[0].name, world.region) == ("web", "eu-west-1")
