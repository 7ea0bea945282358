"""Launch by LaunchInstances: synchronous, idempotent by a token, in the zone that is asked for. Opt-in.

https://docs.aws.amazon.com/autoscaling/ec2/userguide/launch-instances-synchronously. What AWS does not say, and no
account has shown yet: whether a success raises the desired capacity, and for how long a token is remembered. So nothing
is built on a success alone: desired and members both have to show it, or the step holds; and a token is trusted for as
long as a restart takes, no longer.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from controller.clients.aws import Aws, AwsScope
from controller.clients.aws_errors import kind_of
from controller.domain.ports import Done, Progress, Waiting, Work
from controller.domain.replacement import Call, Replacement
from controller.domain.veto import Needs, Veto
from controller.platforms.asg.claims import LAUNCH, Evidence, Surge, surge_of
from controller.platforms.asg.facts import Facts
from controller.platforms.asg.gateway import Gateway
from controller.platforms.asg.group import GroupView
from controller.platforms.asg.launch import ambiguous, expecting, intent_of, not_yet, pick, successor_facts, weigh

TRUSTED = timedelta(minutes=10)
"""For how long a token is taken to mean the same call. Later, the group's own numbers have to tell what became."""


class SynchronousLaunch:
    """Launches into the predecessor's zone, in one account and region."""

    def __init__(self, aws: Aws, scope: AwsScope) -> None:
        self._aws = aws
        self._scope = scope

    async def launch(self, gateway: Gateway, facts: Facts, work: Work) -> Progress:
        """Done names the newcomer once the group lists it and desires it."""
        ours = work.replacement
        async with gateway.ledger.lock(ours.group):
            view = await gateway.group(ours.group)
            call = _newest(ours)
            if call is None:
                return await not_yet(gateway, work, view) or await self._ask(gateway, work, view)
            if call.in_doubt and work.now - call.called_at < TRUSTED:
                return await self._ask(gateway, work, view, again=call)
            surge = surge_of(ours)
            assert surge is not None  # its newest call did not fail
            if call.in_doubt:
                return await self._by_numbers(gateway, facts, work, view, surge)
        return await _shown(gateway, facts, work, view, surge)

    async def _ask(self, gateway: Gateway, work: Work, view: GroupView, again: Call | None = None) -> Progress:
        """Ask for one; `again`: with the token and the intent of a call of which nobody knows whether it happened."""
        ours = work.replacement
        attempt = sum(call.outcome == "failed" for call in ours.calls_of(LAUNCH)) + 1
        fresh = {"token": f"{ours.id}-{attempt}", "was": view.desired}
        intent = dict(again.arguments) if again else {**fresh, **await intent_of(gateway, work, view)}

        async def perform() -> dict[str, Any]:
            answer = await self._aws.mutate(
                self._scope,
                "autoscaling",
                "LaunchInstances",
                AutoScalingGroupName=view.name,
                RequestedCapacity=1,
                ClientToken=intent["token"],
                AvailabilityZones=[ours.zone],
                RetryStrategy="none",
            )
            return {"instances": _launched(answer)}

        done = await work.mutate(LAUNCH, {"group": view.name, **intent}, perform)
        gateway.ledger.expect(view.name, intent["was"] + 1, work.now)
        return Waiting(f"{', '.join(done['instances'])} was launched; waiting for {view.name} to show it")

    async def _by_numbers(self, gateway: Gateway, facts: Facts, work: Work, view: GroupView, surge: Surge) -> Progress:
        """What became of a call whose token may be forgotten, by what the group shows, as with desired + 1."""
        evidence = await weigh(gateway, work, view, surge)
        newcomer = pick(gateway, work, view, surge.members) if evidence is Evidence.HAPPENED else None
        if evidence is Evidence.DID_NOT:
            return await not_yet(gateway, work, view) or await self._ask(gateway, work, view)
        if newcomer is None:
            return Waiting(ambiguous(view, surge))
        gateway.ledger.claim(view.name, newcomer.id, work.replacement.id)
        return Done({"successor": newcomer.id, "successor_facts": await successor_facts(facts, newcomer)})


async def _shown(gateway: Gateway, facts: Facts, work: Work, view: GroupView, surge: Surge) -> Progress:
    """Done when the group has the newcomer and desires it: both one more than before, unless others moved them on."""
    if not surge.raised(view):
        return Waiting(f"ambiguous: {surge.newcomer} was launched, and {view.name} still desires {view.desired}")
    newcomer = view.staying(surge.newcomer) or pick(gateway, work, view, surge.members | {surge.newcomer or ""})
    if newcomer is None:
        return Waiting(await expecting(gateway, view, surge))
    gateway.ledger.claim(view.name, newcomer.id, work.replacement.id)
    return Done({"successor": newcomer.id, "successor_facts": await successor_facts(facts, newcomer)})


def unqualified(view: GroupView) -> Iterator[Veto]:
    """Why LaunchInstances cannot be used with this group."""
    distribution = (view.document.get("MixedInstancesPolicy") or {}).get("InstancesDistribution")
    if distribution is not None and not _one_market(distribution):
        reason = f"{view.name} mixes On-Demand and Spot, which `launch: launch_instances` does not work with"
        yield Veto("unsupported_group", reason, Needs.PERSON)


def _one_market(distribution: Mapping[str, Any]) -> bool:
    """All On-Demand or all Spot. Defaults: no base, everything above it On-Demand."""
    base = distribution.get("OnDemandBaseCapacity") or 0
    percentage = distribution.get("OnDemandPercentageAboveBaseCapacity", 100)
    return bool(percentage == 100 or (percentage == 0 and base == 0))


def _newest(ours: Replacement) -> Call | None:
    """The newest call that may have happened; one that AWS refused did not."""
    return next((call for call in reversed(ours.calls_of(LAUNCH)) if call.outcome != "failed"), None)


def _launched(answer: Mapping[str, Any]) -> list[str]:
    """The ids. Raises the error of the launch, NoCapacity mostly, when there is none: then nothing happened."""
    ids = [instance_id for some in answer.get("Instances") or () for instance_id in some.get("InstanceIds") or ()]
    if ids:
        return ids
    told: Mapping[str, Any] = next(iter(answer.get("Errors") or ()), {})
    code, words = str(told.get("ErrorCode") or "nothing_launched"), str(told.get("ErrorMessage") or "no further words")
    call = "autoscaling.LaunchInstances"
    raise kind_of(code, words)(f"{call}: {words} ({code})", call=call, code=code)
