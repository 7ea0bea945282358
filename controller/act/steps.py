"""One small advance of each step. Nothing here waits: a step says Waiting and is asked again."""

from datetime import timedelta

from controller.act.saga import Saga
from controller.act.site import Site
from controller.decide.declared import moved
from controller.decide.judge import judge
from controller.decide.looks import Go, Look, before_drain, before_launch, before_terminate
from controller.decide.verify import Verification, counts_from, verify
from controller.domain.lifecycle import Step
from controller.domain.ports import Adopted, Clock, Done, Progress, Refused, Waiting, Work

LOOK_BEFORE = frozenset({Step.LAUNCH, Step.DRAIN, Step.TERMINATE})
"""Steps that begin with a look at whether they are still right, until their first mutation."""


async def look(step: Step, saga: Saga, site: Site, clock: Clock) -> Look:
    """The look that a step begins with: is it still right to take it?

    Launching follows acceptance at once, on the same evidence; it is looked at again when that has aged by a tick, and
    after a hold.
    """
    state = saga.state
    if step is Step.DRAIN:
        snapshot = await site.observer.snapshot()
        return before_drain(snapshot, judge(snapshot, site.policy), state, site.policy)
    if step is Step.TERMINATE:
        return before_terminate(await site.observer.snapshot(), state)
    aged = clock.now() - state.accepted_at > timedelta(seconds=site.policy.tick_seconds)
    if step is Step.LAUNCH and (aged or state.total_paused_seconds):
        snapshot = await site.observer.snapshot()
        return before_launch(snapshot, judge(snapshot, site.policy), state)
    return Go()


async def advance(step: Step, work: Work, saga: Saga, site: Site) -> Progress | Adopted:
    """Ask the platform for the next bit of a step; verifying is our own business."""
    platform = site.platform
    match step:
        case Step.LAUNCH:
            return await platform.launch(work)
        case Step.AWAIT_READY:
            return await platform.await_ready(work)
        case Step.VERIFY:
            return await _verify(work, saga, site)
        case Step.DRAIN:
            return await platform.drain(work)
        case Step.TERMINATE:
            return await platform.terminate(work)


async def _verify(work: Work, saga: Saga, site: Site) -> Progress:
    """Improved at the end of the bake is Done; same or worse at any time after warm-up is refused; unproven waits."""
    asked, elapsed_seconds = site.policy.verify, saga.state.elapsed_seconds(work.now)
    if elapsed_seconds < asked.warm_up_seconds:
        return Waiting("the successor warms up", min(asked.warm_up_seconds - elapsed_seconds, site.policy.tick_seconds))
    snapshot = await site.observer.snapshot(since=counts_from(saga.state, site.policy))
    changed = moved(snapshot, saga.state, site.policy)
    if changed is not None:
        return Refused(changed, "declaration_moved", "aborted")
    proof = saga.proof = verify(snapshot, saga.state, site.policy)
    if proof.lost:
        return Refused(proof.sentence, "successor_lost")
    if proof.verification in (Verification.SAME, Verification.WORSE):
        return Refused(proof.sentence, proof.verification.value)
    left_seconds = asked.warm_up_seconds + asked.bake_seconds - elapsed_seconds
    if left_seconds > 0:
        return Waiting(f"baking: {proof.sentence}", min(left_seconds, site.policy.tick_seconds))
    if proof.verification is Verification.IMPROVED:
        return Done({"verification": proof.verification.value, "reason": proof.sentence, "sides": list(proof.sides)})
    return Waiting(f"unproven: {proof.sentence}", site.policy.tick_seconds)
