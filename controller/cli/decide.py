"""`repave plan` and `repave why`: what would be done, and why, without doing it."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from controller.cli.layout import Row, printable
from controller.cli.output import (
    JSON_OPTION_HELP,
    clock_text,
    complain,
    console,
    print_json,
    print_table,
    span_text,
    styled,
    threshold_text,
    value_text,
)
from controller.cli.place import ConfigOption, load
from controller.domain.words import span_words

FAILED = 1
WANTED = 2

NEEDS: Mapping[str, str] = {
    "person": "needs a person",
    "world": "needs the world to change",
    "repave": "clears as Repave goes on",
}
"""Who clears a veto, the weightiest first."""

COLUMNS = ("INSTANCE", "ZONE", "STATE", "AGE", "IMAGE", "VERDICT", "DECISION", "BECAUSE")


def plan(
    fleet: Annotated[str | None, typer.Argument(metavar="FLEET", help="Only this fleet.", show_default=False)] = None,
    config: ConfigOption = None,
    as_json: Annotated[bool, typer.Option("--json", help=JSON_OPTION_HELP)] = False,
    detailed_exitcode: Annotated[
        bool,
        typer.Option(
            "--detailed-exitcode",
            help="Exit with 0 when nothing is wanted, 1 on any error, 2 when replacements are wanted, "
            "whether or not the mode or a missing approval holds them.",
        ),
    ] = False,
) -> None:
    """Show what Repave would do now, and change nothing.

    Looks at every fleet as the daemon would, judges every instance, and names for each whether it stays, would be
    replaced, or is held and by which rule. Makes no mutating call, and only reads the journal.

    Examples:
        repave plan -c repave.yaml
        repave plan web --json
        repave plan --detailed-exitcode || echo "something is wanted, or wrong"
    """
    from controller.app.desk import Desk
    from controller.operations.ask import wanted

    document = asyncio.run(Desk(load(config)).plan(fleet))
    if as_json:
        print_json(document)
    else:
        for item in document["fleets"]:
            _print_fleet(item)
    for failure in document["errors"]:
        complain(f"repave: {failure['fleet']}: {failure['error']}")
    if document["errors"]:
        raise typer.Exit(FAILED)
    if detailed_exitcode and wanted(document):
        raise typer.Exit(WANTED)


def why(
    instance: Annotated[str, typer.Argument(metavar="INSTANCE", help="An instance's id, or the name of a container.")],
    config: ConfigOption = None,
    as_json: Annotated[bool, typer.Option("--json", help=JSON_OPTION_HELP)] = False,
) -> None:
    """Explain the verdict on one instance.

    Shows the verdict, every rule with its value and threshold, every veto with what would clear it, and when Repave
    looks again. Changes nothing.

    Example:
        repave why i-0a1b2c3d -c repave.yaml
    """
    from controller.app.desk import Desk

    document = asyncio.run(Desk(load(config)).why(instance))
    if as_json:
        print_json(document)
    else:
        _print_why(document)


def _print_fleet(fleet: Mapping[str, Any]) -> None:
    out = console()
    instances = fleet["instances"]
    out.print(Text(f"{fleet['name']}", style="bold") + Text(f"  {fleet['platform']}, mode {fleet['mode']}"))
    if fleet["hold"]:
        out.print(Text(f"stopped by {fleet['hold']['rule']}: {fleet['hold']['reason']}", style="yellow"))
    for gap in fleet["gaps"]:
        out.print(Text(f"could not see: {gap}", style="magenta"))
    for told in coverage_lines(fleet["coverage"]):
        out.print(Text(told, style="magenta"))
    for guard in guard_lines(fleet["guards"]):
        out.print(guard)
    for note in fleet["notes"]:
        out.print(Text(f"note: {note}", style="dim"))
    print_table(COLUMNS, [instance_row(item) for item in instances])
    counts = {word: sum(item["decision"] == word for item in instances) for word in ("keep", "replace", "hold")}
    told = ", ".join(f"{count} to {word}" for word, count in counts.items())
    out.print(f"{len(instances)} instances: {told}; next look {clock_text(fleet['next_look_at'])} UTC\n")


def guard_lines(guards: Sequence[Mapping[str, Any]]) -> list[Text]:
    """What each rule of `hold_while` says of the fleet as a whole; one that holds it, or cannot be read, stands out."""
    return [
        Text(
            f"guard {item['rule']}: {value_text(item)} ({item['outcome']})",
            style="yellow" if item["found"] or item["outcome"] == "unknown" else "dim",
        )
        for item in guards
    ]


def coverage_lines(coverage: Sequence[Mapping[str, Any]]) -> list[str]:
    """A sentence for each rule whose source does not know the whole fleet, or knows others."""
    told = []
    for item in coverage:
        names = ", ".join(item["unmatched"])
        more = item["unmatched_count"] - len(item["unmatched"])
        strangers = f"; not of this fleet: {names}{f' and {more} more' if more else ''}" if names else ""
        if strangers or item["resolved"] < item["of"]:
            known = f"{item['source']} has rows for {item['resolved']} of {item['of']} instances"
            told.append(f"{item['rule']}: {known}{strangers}")
    return told


def instance_row(instance: Mapping[str, Any]) -> Row:
    """The cells of COLUMNS."""
    return (
        called(instance),
        instance["zone"],
        "serving" if instance["serving"] else instance["state"],
        span_text(instance["age_seconds"]),
        span_text(instance["image"]["age_seconds"]),
        styled(instance["verdict"]),
        styled(instance["decision"]),
        because(instance),
    )


def called(instance: Mapping[str, Any]) -> str:
    """Its id, and its name where it has one that people use."""
    return f"{instance['id']} {instance['name']}" if instance.get("name") else str(instance["id"])


def because(instance: Mapping[str, Any]) -> str:
    """Why the decision about an instance is what it is, on one line; nothing when it is kept."""
    vetoes = [f"{veto['rule']}: {veto['reason']}" for veto in weightiest_first(instance["vetoes"])]
    found = [f"{item['rule']}: {value_text(item)}, {threshold_text(item)}" for item in _findings(instance)]
    if instance["decision"] == "replace" and instance["replacement"]:
        waits = instance.get("waits")
        return f"{instance['replacement']} is under way" + (f": {waits['for']}" if waits else "")
    if instance["decision"] == "replace":
        return "; ".join(found)
    return "; ".join(vetoes)


def weightiest_first(vetoes: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """What only a person can clear before what the world, time, or Repave itself will."""
    return sorted(vetoes, key=lambda veto: (veto["clears_at"] is not None, list(NEEDS).index(veto["needs"])))


def _findings(instance: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [item for item in instance["evidence"] if item["found"]]


def _print_why(document: Mapping[str, Any]) -> None:
    """The answer first, then what stands in the way, then what it rests on."""
    out, instance = console(), document["instance"]
    out.print(
        Text(f"{called(instance)} ", style="bold")
        + Text.assemble("is ", styled(instance["verdict"]), "; decision: ", styled(instance["decision"]))
    )
    out.print(Text("next: ", style="bold") + Text(printable(instance["next"])))
    for veto in weightiest_first(instance["vetoes"]):
        out.print(_held_by(veto, document["generated_at"]))
    out.print()
    _print_facts(out, document)
    out.print()
    columns = ("RULE", "OUTCOME", "VALUE", "BREACHED IF", "FOR", "BREACHED FOR", "MEASURED", "QUERY")
    print_table(columns, [_evidence_row(item) for item in instance["evidence"]])
    out.print()
    for item in instance["evidence"]:
        for sample in item["samples"]:
            out.print(Text(f"{item['rule']}: ", style="dim") + Text(sample))
    for guard in guard_lines(document["guards"]):
        out.print(guard)
    for told in coverage_lines(document["coverage"]):
        out.print(Text(told, style="magenta"))
    out.print(f"looks again at {clock_text(document['next_look_at'])} UTC")
    if instance["vetoes"]:
        out.print(Text("what each veto means, and what to do about it: docs/vetoes.md", style="dim"))


def _print_facts(out: Console, document: Mapping[str, Any]) -> None:
    instance = document["instance"]
    image = instance["image"]
    out.print(f"fleet {document['fleet']} ({document['platform']}, mode {document['mode']}), group {instance['group']}")
    serving = "serving" if instance["serving"] else "not serving"
    out.print(f"{instance['state']} in {instance['zone']}, {serving}, {span_text(instance['age_seconds'])} old")
    out.print(
        f"image {image['id']}, {span_text(image['age_seconds'])} old (made {clock_text(image['created_at'])} UTC)"
    )
    if instance["replacement"]:
        out.print(f"part of replacement {instance['replacement']}: see `repave trace {instance['replacement']}`")


def _held_by(veto: Mapping[str, Any], now: str) -> Text:
    clears = ""
    if veto["clears_at"]:
        left = datetime.fromisoformat(veto["clears_at"]) - datetime.fromisoformat(now)
        clears = f"; clears {clock_text(veto['clears_at'])} UTC, in {span_words(left.total_seconds())}"
    needs = Text(NEEDS[veto["needs"]], style="bold" if veto["needs"] == "person" else "")
    reason = Text(f": {printable(veto['reason'])} (")
    return Text.assemble(Text(f"held by {veto['rule']}", style="yellow"), reason, needs, f"{clears})")


def _evidence_row(item: Mapping[str, Any]) -> Row:
    finding = item["outcome"] == "breached" and item["found"]
    return (
        item["rule"],
        Text("found", style="bold red") if finding else styled(item["outcome"]),
        value_text(item),
        threshold_text(item),
        span_text(item["for_seconds"]) if item["for_seconds"] else "at once",
        span_text(item["breached_for_seconds"]),
        clock_text(item["measured_at"]),
        item["query"],
    )
