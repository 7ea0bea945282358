"""Windows and cooldowns of a good file: what they become, and what is noted as probably not meant."""

import pytest

from controller.domain.policy import Cooldown, Window
from controller.settings import Config, load
from tests.settings.fakes import SPECS


def read(lines: str) -> Config:
    body = "".join(f"    {line}\n" for line in lines.splitlines())
    return load(f"version: 1\nfleets:\n  web:\n    group: {{name: web}}\n{body}", "test.yaml", SPECS)


def notes(lines: str) -> list[str]:
    return [str(note) for note in read(lines).warnings]


def test_windows_arrive_with_their_zone_and_without_spare_spaces() -> None:
    policy = read(
        'max_age: 60d\nwindows:\n  - {cron: " 0  9 * * mon-fri", for: 7h, timezone: Europe/Paris}\n'
        '  - {cron: "0 3 * * SUN#1", for: 90m}'
    ).fleets["web"]
    assert policy.windows == (
        Window("0 9 * * mon-fri", 7 * 3600.0, "Europe/Paris"),
        Window("0 3 * * SUN#1", 5400.0, "UTC"),
    )


def test_a_cooldown_arrives_and_has_a_default() -> None:
    assert read("max_age: 60d\ncooldown: {base: 5m}").fleets["web"].cooldown == Cooldown(300.0, 21_600.0)
    assert read("max_age: 60d").fleets["web"].cooldown == Cooldown()


@pytest.mark.parametrize("cron", ["0 0 29 2 *", "0 0 31 * *", "0 0 L * *", "*/5 * * * *"])
def test_a_window_may_be_rare(cron: str) -> None:
    assert notes(f'max_age: 60d\nwindows: [{{cron: "{cron}", for: 2m}}]') == []


def test_a_window_that_never_closes_is_noted() -> None:
    said = notes('max_age: 60d\nwindows: [{cron: "0 9 * * *", for: 24h}, {cron: "0 9 * * mon-fri", for: 24h}]')
    assert said == ["test.yaml:6:40: this window never closes: it opens again within 1d at the latest."]


def test_windows_that_nothing_keeps_to_are_noted() -> None:
    said = notes('windows: [{cron: "0 9 * * *", for: 1h}]\ndegraded_when: [{name: sick, checks: {}}]')
    assert len(said) == 1
    assert said[0].startswith("test.yaml:5:5: windows are kept by the aged and the drifted")
