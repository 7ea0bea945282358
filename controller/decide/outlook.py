"""What has to happen next before an instance is replaced, in one sentence for a person."""

from collections.abc import Sequence
from datetime import datetime

from controller.domain.verdict import Pending, VerdictKind
from controller.domain.veto import Needs, Veto
from controller.domain.words import moment_words, span_words

WHO = {
    Needs.PERSON: "a person has to act",
    Needs.WORLD: "the world has to change",
    Needs.REPAVE: "Repave goes on by itself",
}
"""Who clears a veto that no time clears, in the order in which a person wants to know."""


def outlook(kind: VerdictKind, vetoes: Sequence[Veto], starting: bool, under_way: Pending | None, now: datetime) -> str:
    """What is next for one instance: nothing, its replacement, the end of a wait, or whoever has to act first."""
    if under_way is not None:
        until = f"; this step ends by {moment_words(under_way.ends_at, now)}" if under_way.ends_at else ""
        return f"{under_way.replacement_id} is under way: {under_way.sentence}{until}"
    if starting:
        return "its replacement starts now"
    if not vetoes:
        return "nothing: no rule condemns it" if kind is VerdictKind.HEALTHY else "it is looked at again"
    last = " and nothing else stands in its way" if len(vetoes) == 1 else ""
    return "; ".join([*_people_and_world(vetoes), *_by_time(vetoes, now)]) + (f",{last}" if last else "")


def _people_and_world(vetoes: Sequence[Veto]) -> list[str]:
    told = []
    for needs, words in WHO.items():
        names = dict.fromkeys(veto.rule for veto in vetoes if veto.needs is needs and veto.clears_at is None)
        if names:
            told.append(f"{words} ({', '.join(names)})")
    return told


def _by_time(vetoes: Sequence[Veto], now: datetime) -> list[str]:
    timed = [(veto.clears_at, veto.rule) for veto in vetoes if veto.clears_at is not None]
    if not timed:
        return []
    last_at = max(at for at, _ in timed)
    names = ", ".join(dict.fromkeys(rule for _, rule in sorted(timed)))
    return [f"it waits until {moment_words(last_at, now)}, in {span_words((last_at - now).total_seconds())} ({names})"]
