"""The checker of promised shapes sees what does not fit."""

from tests.e2e.harness.shapes import PLAN, misfits


def test_the_checker_sees_what_does_not_fit() -> None:
    sound = {
        "generated_at": "2026-11-23T12:00:00Z",
        "mode": "act",
        "fleets": [{"name": "web", "platform": "asg", "hold": None, "instances": [], "more": 1}],
    }
    assert misfits(sound, PLAN) == []
    assert misfits({**sound, "mode": "dare"}, PLAN) == [".mode is 'dare', none of ['act', 'ask', 'observe']"]
    assert misfits({**sound, "generated_at": "yesterday"}, PLAN) == [".generated_at is 'yesterday', no time in UTC"]
    assert misfits({**sound, "fleets": [{"name": 7, "platform": "asg", "hold": {"rule": "held"}}]}, PLAN) == [
        ".fleets[0].instances is missing",
        ".fleets[0].name is 7",
        ".fleets[0].hold.reason is missing",
    ]
    assert misfits({**sound, "fleets": "none"}, PLAN) == [".fleets is no list"]
