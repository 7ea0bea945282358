"""Every story, told again and compared with its golden report, word for word."""

from difflib import unified_diff

import pytest

from tests.scenarios.harness.case import Case, all_cases
from tests.scenarios.harness.troupe import Troupe


@pytest.mark.parametrize("case", all_cases(), ids=lambda case: case.name)
def test_the_story_is_told_as_before(case: Case, troupe: Troupe, request: pytest.FixtureRequest) -> None:
    told = troupe.ask(case).result()
    if request.config.getoption("--update-goldens"):
        case.keep(told)
    before = case.expected
    if told != before:
        diff = unified_diff(before.splitlines(), told.splitlines(), "expected.txt", "told now", lineterm="", n=2)
        pytest.fail(f"{case.name}: the report has changed; if that is right: --update-goldens\n" + "\n".join(diff))
