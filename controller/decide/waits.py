"""What a replacement under way waits for at this moment, told from its phase and the snapshot alone."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from controller.decide.looks import Go, Look, TurnBack, Wait, before_drain, before_launch, before_terminate, standing
from controller.decide.rule import RuleSpec
from controller.decide.verify import verify
from controller.domain.lifecycle import IN_STEP, NEXT_STEP, Phase, Step
from controller.domain.model import InstanceState, Snapshot
from controller.domain.policy import Policy
from controller.domain.replacement import Replacement
from controller.domain.verdict import Judgement, Pending
from controller.domain.words import moment_words


def pending(
    state: Replacement, snapshot: Snapshot, judgement: Judgement, policy: Policy, rules: Sequence[RuleSpec]
) -> Pending:
    """Where it stands, what it waits for, and until when."""
    vetoes = tuple(veto for rule in rules if rule.check_open and (veto := rule.check_open(state, snapshot, policy)))
    sentence = _sentence(state, snapshot, judgement, policy)
    return Pending(state.id, state.predecessor, sentence, _ends_at(state, snapshot.now, policy), vetoes)


def deadline_seconds(step: Step, policy: Policy) -> float:
    """After how long a step has to be over, holds left out."""
    return {
        Step.LAUNCH: policy.deadlines.launch_seconds,
        Step.AWAIT_READY: policy.verify.ready_within_seconds,
        Step.VERIFY: policy.verify.warm_up_seconds + policy.verify.deadline_seconds,
        Step.DRAIN: policy.deadlines.drain_seconds,
        Step.TERMINATE: policy.deadlines.terminate_seconds,
    }[step]


def _ends_at(state: Replacement, now: datetime, policy: Policy) -> datetime | None:
    """When the step's deadline passes. None under a hold, in which no deadline runs, and between two steps."""
    if state.paused_at is not None or not (state.phase in IN_STEP or state.undoing):
        return None
    seconds = policy.deadlines.undo_seconds if state.undoing else deadline_seconds(NEXT_STEP[state.phase], policy)
    return now + timedelta(seconds=max(0.0, seconds - state.elapsed_seconds(now)))


def _sentence(state: Replacement, snapshot: Snapshot, judgement: Judgement, policy: Policy) -> str:
    if state.paused_at is not None:
        return f"a hold stops it since {moment_words(state.paused_at, snapshot.now)}; no deadline runs meanwhile"
    if state.undoing:
        reason = (state.failure or {}).get("reason", "")
        back = f"{state.successor or 'what it launched'} goes, and {state.predecessor} stays"
        return f"it is being undone: {back} ({reason})"
    step = NEXT_STEP.get(state.phase)
    asked = not any(call.step is step and call.outcome != "failed" for call in state.calls)
    match step:
        case Step.LAUNCH:
            look = before_launch(snapshot, judgement, state) if asked else Go()
            return _looked(look, "the platform brings up a newcomer")
        case Step.AWAIT_READY:
            return f"{state.successor} has to be in service and healthy in every balancer{_readiness(state, snapshot)}"
        case Step.VERIFY:
            return _verifying(state, snapshot, policy)
        case Step.DRAIN:
            going = f"{state.predecessor} leaves its balancers, and its connections may end"
            return _looked(before_drain(snapshot, judgement, state, policy) if asked else Go(), going)
        case Step.TERMINATE:
            look = before_terminate(snapshot, state) if asked else Go()
            return _looked(look, f"the platform ends {state.predecessor}")
        case None:
            return "all of it is done, and only its end has to be written down"


def _looked(look: Look, going: str) -> str:
    """What the look before a step comes to now. Once the step has begun, it is no longer asked."""
    match look:
        case Wait(veto):
            return f"{veto.rule}: {veto.reason}"
        case TurnBack(reason, _, outcome):
            return f"it turns back, to end as {outcome}: {reason}"
        case _:
            return going


def _readiness(state: Replacement, snapshot: Snapshot) -> str:
    successor = snapshot.inventory.instance(state.successor or "")
    if successor is None:
        return "; it is not to be seen in its group"
    if successor.state is not InstanceState.IN_SERVICE:
        return f"; it is {successor.state.value}"
    return "" if successor.serving else f"; now: {standing(successor)}"


def _verifying(state: Replacement, snapshot: Snapshot, policy: Policy) -> str:
    if state.phase is Phase.READY:
        return f"{state.successor} is ready and has to prove itself"
    asked = policy.verify
    left_seconds = asked.warm_up_seconds + asked.bake_seconds - state.elapsed_seconds(snapshot.now)
    if state.elapsed_seconds(snapshot.now) < asked.warm_up_seconds:
        return f"{state.successor} warms up before its readings count"
    proof = verify(snapshot, state, policy)
    if left_seconds > 0:
        over_at = moment_words(snapshot.now + timedelta(seconds=left_seconds), snapshot.now)
        return f"{state.successor} is watched until {over_at}; so far {proof.verification.value}: {proof.sentence}"
    return f"{state.successor} has to prove itself; so far {proof.verification.value}: {proof.sentence}"
