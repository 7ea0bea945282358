"""On which instance the daemon runs: by a variable, or by what a Nitro host's firmware says."""

from pathlib import Path

import pytest

from controller.app.own_host import own_instance


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ("i-0123456789abcdef0\n", "i-0123456789abcdef0"),
        ("i-0123abcd", "i-0123abcd"),
        ("Not Specified\n", None),
        ("i-0123456789abcdef0; rm -rf /", None),
        ("", None),
    ],
)
def test_the_firmware_is_believed_when_it_names_an_instance(tmp_path: Path, told: str, found: str | None) -> None:
    file = tmp_path / "board_asset_tag"
    file.write_text(told)
    assert own_instance({}, file) == found


def test_a_host_without_that_file_is_no_instance(tmp_path: Path) -> None:
    assert own_instance({}, tmp_path / "absent") is None
    assert own_instance({}, tmp_path) is None


def test_the_variable_goes_first(tmp_path: Path) -> None:
    file = tmp_path / "board_asset_tag"
    file.write_text("i-0123456789abcdef0")
    assert own_instance({"REPAVE_INSTANCE_ID": " i-0aa "}, file) == "i-0aa"
    assert own_instance({"REPAVE_INSTANCE_ID": ""}, file) == "i-0123456789abcdef0"
