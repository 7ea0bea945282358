from typing import Any

import pytest

from controller.decide.rules.zone import check
from controller.domain.verdict import Draft
from controller.domain.veto import Needs, Veto
from tests.support.builders import candidate, draft, group, instance, policy, replacement, snapshot


def test_one_surge_per_zone() -> None:
    veto = check(candidate(), Draft(), snapshot(open_replacements=(replacement("r-7f3"),)), policy())
    assert veto == Veto("zone", "r-7f3 already surges in a", Needs.REPAVE)


def test_what_this_plan_chose_counts() -> None:
    seen = snapshot(open_replacements=(replacement("r-7f3"),))
    veto = check(candidate(), draft(instance("i-2")), seen, policy())
    assert veto is not None
    assert veto.reason == "r-7f3, one for i-2 already surges in a"


@pytest.mark.parametrize("place", [{"zone": "b"}, {"group": "api"}])
def test_another_zone_or_group_passes(place: dict[str, Any]) -> None:
    elsewhere = instance("i-2", **place)
    assert check(candidate(), draft(elsewhere), snapshot(), policy()) is None
    opened = replacement(**place)
    assert check(candidate(), Draft(), snapshot(open_replacements=(opened,)), policy()) is None
    there = candidate(instance(**place))
    assert check(there, Draft(), snapshot(open_replacements=(replacement(),)), policy()) is None


def test_where_any_zone_will_do_several_may_surge_in_one() -> None:
    anywhere = snapshot(groups=[group(attributes={"any_zone": "true"})], open_replacements=(replacement(),))
    assert check(candidate(), draft(instance("i-2")), anywhere, policy()) is None
