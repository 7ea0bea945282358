"""What reads may take of an account's quota: a bucket per account, region and API, and a lane for what presses."""

import pytest

from controller.clients.aws import Aws, AwsScope
from controller.clients.aws_budget import PRESSING_SHARE, RATES, SHARE, Budgets, Rate, _lane, account_of, share_of
from controller.domain.errors import ConfigError
from controller.domain.ports import PRESSING
from tests.clients.fake_aws import FakeAws, ok
from tests.support.virtual import VirtualClock, run

EC2 = ("", "eu-west-1", "ec2")
FREE = round(RATES["ec2"].burst * (1 - PRESSING_SHARE))


def test_a_burst_is_free_and_then_tokens_come_back_at_a_steady_rate() -> None:
    async def main(clock: VirtualClock) -> None:
        budgets = Budgets(clock)
        for _ in range(FREE):
            await budgets.read(*EC2)
        began = clock.now()
        for _ in range(15):
            await budgets.read(*EC2)
        assert (clock.now() - began).total_seconds() == pytest.approx(15 / 5, abs=0.2)
        (bucket,) = budgets.buckets.values()
        assert (bucket.calls, bucket.waits) == (FREE + 15, 15)
        assert bucket.waited_seconds == pytest.approx(3.0, abs=0.2)
        await clock.sleep(3600)
        began = clock.now()
        for _ in range(FREE):
            await budgets.read(*EC2)
        assert clock.now() == began, "a rest fills the bucket, and not above its brim"
        await budgets.read(*EC2)
        assert clock.now() > began

    run(main)


def test_what_an_open_replacement_reads_does_not_queue_behind_inventories() -> None:
    async def main(clock: VirtualClock) -> None:
        budgets = Budgets(clock)
        await budgets.read(*EC2)
        for _ in range(10_000):
            budgets.buckets[(*EC2, False)].take(clock.now())
        began, token = clock.now(), PRESSING.set(True)
        await budgets.read(*EC2)
        PRESSING.reset(token)
        assert clock.now() == began

    run(main)


def test_accounts_regions_and_apis_do_not_share() -> None:
    async def main(clock: VirtualClock) -> None:
        budgets = Budgets(clock)
        for where in (EC2, ("123456789012", *EC2[1:]), ("", "us-east-1", "ec2"), ("", "eu-west-1", "logs")):
            await budgets.read(*where)
        await budgets.read("", "eu-west-1", "logs", "StartQuery")
        await budgets.read("", "eu-west-1", "logs", "GetQueryResults")
        assert len(budgets.buckets) == 5

    run(main)


def test_both_lanes_together_are_the_whole_budget() -> None:
    for rate in RATES.values():
        lanes = [_lane(rate, pressing=pressing) for pressing in (True, False)]
        assert sum(lane.per_second for lane in lanes) == rate.per_second
        assert sum(lane.burst for lane in lanes) == pytest.approx(rate.burst, abs=1)
        assert all(lane.burst >= 1 for lane in lanes)
    assert _lane(Rate(1, 1), pressing=True).burst == 1


def test_an_account_is_told_by_its_role() -> None:
    assert account_of("arn:aws:iam::123456789012:role/a") == account_of("arn:aws-cn:iam::123456789012:role/b/c")
    assert account_of(None) == ""
    assert account_of("odd") == "odd"


async def test_reads_take_turns_and_mutations_do_not_wait(aws: Aws, endpoint: FakeAws) -> None:
    endpoint.answers = {name: [ok(name, "")] for name in ("DescribeAutoScalingGroups", "SetDesiredCapacity")}
    here = AwsScope("eu-west-1")
    await aws.read(here, "autoscaling", "DescribeAutoScalingGroups")
    bucket = aws.budgets.buckets[("", "eu-west-1", "autoscaling", False)]
    for _ in range(1000):
        bucket.take(aws.clock.now())
    await aws.mutate(here, "autoscaling", "SetDesiredCapacity", AutoScalingGroupName="web", DesiredCapacity=1)
    assert aws.clock.slept == []  # type: ignore[attr-defined]  # the clock of tests notes it
    assert aws.budgets.mutations == {("", "eu-west-1", "autoscaling"): 1}
    await aws.read(here, "autoscaling", "DescribeAutoScalingGroups")
    assert aws.clock.slept[0] > 100  # type: ignore[attr-defined]


def test_the_share_is_half_unless_somebody_says_otherwise() -> None:
    assert share_of({}) == share_of({SHARE: ""}) == 0.5
    assert share_of({SHARE: "0.25"}) == 0.25
    assert _lane(Rate(10, 50), 100.0, pressing=False).per_second == 500


@pytest.mark.parametrize("text", ["half", "0", "-1", "nan", "1e9"])
def test_a_share_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="REPAVE_AWS_REQUEST_SHARE is"):
        share_of({SHARE: text})
