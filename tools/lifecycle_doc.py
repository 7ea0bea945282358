#!/usr/bin/env python3
"""Writes docs/lifecycle.md from the table in controller/domain/lifecycle.py: `python tools/lifecycle_doc.py`."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from controller.domain.lifecycle import TABLE, Kind, Phase, Step, diagram  # noqa: E402

PLACE = ROOT / "docs" / "lifecycle.md"

MEANINGS = {
    Phase.ACCEPTED: "Every budget and hold had room for it. Nothing has been changed yet.",
    Phase.LAUNCHING: "One more instance is asked for; it has not been found yet.",
    Phase.LAUNCHED: "The successor has a name.",
    Phase.AWAITING_READY: "It boots, and has to become healthy everywhere.",
    Phase.READY: "It serves beside its predecessor.",
    Phase.VERIFYING: "It has to prove itself on the signals that its predecessor was condemned by.",
    Phase.VERIFIED: "It did. Now comes the last look at the predecessor, and at the capacity without it.",
    Phase.DRAINING: "The predecessor gets no new connections, and ends those that it has.",
    Phase.DRAINED: "It has no traffic left. It is looked at once more: still ours, not protected, the successor there.",
    Phase.TERMINATING: "It is being ended, together with our surge of one.",
    Phase.TERMINATED: "It is gone. Only the closing line is missing.",
    Phase.UNDOING: "Something failed, or was not right any more: what was done is being given back.",
    Phase.UNDONE: "Everything was given back. Only the closing line is missing.",
    Phase.CLOSED: "The end. No event may follow.",
}

PAGE = """\
# The life of a replacement

<!-- Written by tools/lifecycle_doc.py from the table in controller/domain/lifecycle.py. Change those, not this. -->

A replacement is one saga for one instance, and its phase is nothing but the sum of its journaled events. The state
machine is one table; an event that has no row in it is never journaled. Live running and recovery after a crash both go
through that table, so there is no phase that only one of them knows.

```mermaid
{diagram}```

## How to read it

Each arrow is one event: the step that it belongs to, and what is said about that step. `{started}` is journaled before
anything is done, so a phase that ends in -ing means "begun, and perhaps already happened". `{succeeded}` and `{failed}`
end the step. An arrow `{failed}` that leaves a phase before its step has started is the look before that step: it was
not right any more to take it.

Not in the picture are the events that may come in any open phase and move nothing:
{aside}. The first two tell of one mutating call,
its intent and its outcome; a hold pauses, and its end resumes, and deadlines do not run in between; what lasts longer
than 50 minutes continues in a linked trace.

## What the phases mean

| phase | what it means |
|---|---|
{phases}

## What undoes what

| what was done | what gives it back |
|---|---|
| `launch`: one more instance, one more desired | `launch undone`: the successor is ended, desired goes back by one |
| `await_ready`, `verify`: nothing was changed | nothing to give back |
| `drain`: the predecessor was taken out of its balancers | `drain undone`: it serves again, before the successor goes |
| `terminate`: the predecessor was ended | nothing: the way back is open only until the platform has ended it |

So the way back keeps the capacity: first the predecessor serves again, then the successor goes. A launch that nobody
has seen yet is looked for before it is given back. What cannot be given back before its deadline is closed as `failed`,
and the closing line names what was left behind.

Every wait ends. A step that is not over at its deadline fails, and the way back begins, with one exception: a drain
that began and was given its whole time goes on, because its connections have had theirs.

## How it ends

| outcome | meaning |
|---|---|
| `replaced` | the successor serves, the predecessor is gone |
| `superseded` | the predecessor left without us; only the surplus was removed |
| `aborted` | it was not right any more (recovered, protected, turned back by a person); the predecessor was kept |
| `failed` | a step failed; the reason is in its `failed` event |
"""


def page() -> str:
    """The whole file as it has to be."""
    lost = [phase for phase in Phase if phase not in MEANINGS]
    if lost:
        raise SystemExit(f"no meaning is written down for: {', '.join(lost)}")
    steps = {step for _, step, _ in TABLE if step}
    if steps != set(Step):
        raise SystemExit("the table leaves a step out")
    aside = (Kind.CALLED, Kind.RETURNED, Kind.PAUSED, Kind.RESUMED, Kind.CONTINUED)
    return PAGE.format(
        diagram=diagram(),
        started=Kind.STARTED,
        succeeded=Kind.SUCCEEDED,
        failed=Kind.FAILED,
        aside=", ".join(f"`{kind}`" for kind in aside),
        phases="\n".join(f"| `{phase}` | {MEANINGS[phase]} |" for phase in Phase),
    )


if __name__ == "__main__":
    PLACE.write_text(page(), encoding="utf-8")
