"""The judge itself: each breach, written into a wire log by hand, is seen; and a sound log is left alone."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from controller.demo.process import WorldGroupInfo
from tests.e2e.harness.laws import launches, violations
from tests.e2e.harness.wire import DAEMON_KEY, Control, Record, Request, Truth

GROUP = WorldGroupInfo("web", ("arn:tg",), ("i-1", "i-2", "i-3"))
OURS, OTHERS = f"{DAEMON_KEY}1", "AKIASOMEBODY"

Log = list[Record]


def truth(desired: int, serving: str, others: str = "", group: str = "web") -> Truth:
    """Members by their digits: who serves, and who is there besides."""
    served, beside = (frozenset(f"i-{digit}" for digit in digits) for digits in (serving, others))
    return Truth(0, 0, group, desired, {"InService": served, "Pending": beside}, served)


def request(service: str, action: str, parameters: dict[str, str], key: str = OURS) -> Request:
    return Request(0, 0, service, action, parameters, mutating=True, key=key, effect=True)


def desire(count: int, key: str = OURS, group: str = "web") -> Request:
    named = {"AutoScalingGroupName": group, "DesiredCapacity": str(count)}
    return request("autoscaling", "SetDesiredCapacity", named, key)


def drain(instance: str) -> Request:
    return request("elasticloadbalancing", "DeregisterTargets", {"TargetGroupArn": "arn:tg", "Targets.1.Id": instance})


def terminate(instance: str, decrement: str = "true", key: str = OURS) -> Request:
    named = {"InstanceId": instance, "ShouldDecrementDesiredCapacity": decrement}
    return request("autoscaling", "TerminateInstanceInAutoScalingGroup", named, key)


def numbered(log: Log) -> Log:
    return [replace(item, seq=seq) for seq, item in enumerate(log, 1)]


def sound() -> Log:
    """i-1 is replaced by i-4, capacity first."""
    return [
        truth(3, "123"),
        desire(4),
        truth(4, "123"),
        truth(4, "123", "4"),
        request("autoscaling", "SetInstanceProtection", {"AutoScalingGroupName": "web", "InstanceIds.member.1": "i-4"}),
        truth(4, "1234"),
        drain("i-1"),
        truth(4, "234", "1"),
        terminate("i-1"),
        truth(3, "234", "1"),
        truth(3, "234"),
    ]


def test_a_sound_replacement_breaks_nothing() -> None:
    assert violations(numbered(sound()), GROUP) == []
    assert launches(numbered(sound()), GROUP) == 1


def drained_too_early(log: Log) -> None:
    log[5:8] = [drain("i-1"), truth(4, "23", "14")]


def one_too_many(log: Log) -> None:
    log[3:3] = [desire(5), truth(5, "123")]


def terminated_twice(log: Log) -> None:
    log.append(terminate("i-1"))


def terminated_another(log: Log) -> None:
    log += [terminate("i-2"), truth(2, "34", "2")]


def never_given_back(log: Log) -> None:
    del log[8:]


def wrote_over_a_policy(log: Log) -> None:
    """A policy wants one more in the middle; our next write goes back to what we remember."""
    log[8:10] = [
        Control(0, 0, {"kind": "scale", "group": "web"}),
        truth(5, "234", "1"),
        desire(3),
        truth(3, "234", "1"),
    ]


def kept_the_capacity(log: Log) -> None:
    log[8:10] = [terminate("i-1", decrement="false")]


def mended(log: Log) -> None:
    log.append(request("ec2", "RebootInstances", {"InstanceId.1": "i-2"}))


DOCTORED: dict[Callable[[Log], None], str] = {
    drained_too_early: "after elbv2:DeregisterTargets i-1, 2 serve where 3 have to",
    one_too_many: "2 in flight after autoscaling:SetDesiredCapacity, at most 1 are allowed",
    terminated_twice: "i-1 was terminated 2 times",
    terminated_another: "TerminateInstanceInAutoScalingGroup gave back more than we took",
    never_given_back: "desired went from 3 to 4: others moved it by +0, and we by +1",
    wrote_over_a_policy: "desired went from 3 to 3: others moved it by +1, and we by -1",
    kept_the_capacity: "autoscaling:TerminateInstanceInAutoScalingGroup without decrement",
    mended: "ec2:RebootInstances is not on the list",
}


@pytest.mark.parametrize("doctor", DOCTORED, ids=lambda doctor: doctor.__name__)
def test_each_breach_is_seen(doctor: Callable[[Log], None]) -> None:
    log = sound()
    doctor(log)
    assert DOCTORED[doctor] in " | ".join(violations(numbered(log), GROUP))


def test_a_scaling_policy_in_the_middle_is_no_breach() -> None:
    log = sound()
    log[3:3] = [Control(0, 0, {"kind": "scale", "group": "web"}), truth(5, "123")]
    log[4:] = [truth(5, "12345"), drain("i-1"), truth(5, "2345", "1"), terminate("i-1"), truth(4, "2345", "1")]
    assert violations(numbered(log), GROUP) == []


def test_what_somebody_else_does_is_not_ours() -> None:
    log = [*sound(), terminate("i-2", key=OTHERS), truth(2, "34", "2"), desire(1, key=OTHERS), truth(1, "34")]
    assert violations(numbered(log), GROUP) == []


def test_a_fall_that_follows_a_call_of_ours_by_itself_is_not_ours() -> None:
    """What the world does next is told apart from what the call did: only the very next lines are the call's."""
    log = sound()
    log[5:5] = [Control(0, 0, {"kind": "target", "instance": "i-3"}), truth(4, "12", "34")]
    log[7:] = [truth(4, "124", "3"), drain("i-1"), truth(4, "24", "13"), terminate("i-1"), truth(3, "24", "13")]
    found = violations(numbered(log), GROUP)
    assert found == ["after elbv2:DeregisterTargets i-1, 2 serve where 3 have to"]


def test_a_surge_beside_somebody_who_was_sick_before_it_is_no_capacity_that_could_fall() -> None:
    """i-3 was sick when our surge began: two served then, and two serve after the drain."""
    log: Log = [truth(3, "12", "3"), desire(4), truth(4, "12", "3"), truth(4, "124", "3")]
    log += [drain("i-1"), truth(4, "24", "13"), terminate("i-1"), truth(3, "24", "13"), truth(3, "24", "3")]
    assert violations(numbered(log), GROUP) == []


def test_a_refused_call_changes_nothing_and_other_groups_are_not_judged() -> None:
    refused = replace(desire(9), effect=False)
    log = [*sound(), refused, desire(7, group="api"), truth(7, "", group="api")]
    assert violations(numbered(log), GROUP) == []


def test_an_empty_log_is_no_proof() -> None:
    assert violations((), GROUP) == ["nothing is known of web"]
