"""Every story, told again and compared with its golden report, word for word."""

from difflib import unified_diff
from pathlib import Path

import pytest

from tests.scenarios.harness.case import Case, all_cases
from tests.scenarios.harness.play import play
from tests.scenarios.harness.worlds import Nursery


@pytest.mark.parametrize("case", all_cases(), ids=lambda case: case.name)
def test_the_story_is_told_as_before(
    case: Case, nursery: Nursery, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    told = play(case, nursery, tmp_path)
    if request.config.getoption("--update-goldens"):
        case.keep(told)
    before = case.expected
    if told != before:
        diff = unified_diff(before.splitlines(), told.splitlines(), "expected.txt", "told now", lineterm="", n=2)
        pytest.fail(f"{case.name}: the report has changed; if that is right: --update-goldens\n" + "\n".join(diff))
