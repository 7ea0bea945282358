"""`tampered_when`: words, alone or with options, that become conditions which condemn as tampered."""

from controller.domain.policy import Above, Cause, Condition, Policy
from controller.settings import load, policy_from_document, schema
from tests.settings.fakes import SPECS, FilesOptions, Nothing

SEEN = Condition("shell_seen", Cause.TAMPERED, "shell_seen", Above(0), options=Nothing(), lasting=True)


def fleet(*lines: str, defaults: str = "") -> Policy:
    return load(text(*lines, defaults=defaults), "test.yaml", SPECS).fleets["edge"]


def text(*lines: str, defaults: str = "") -> str:
    own = "".join(f"    {line}\n" for line in lines)
    return f"version: 1\n{defaults}fleets:\n  edge:\n    engine: {{host: here}}\n{own}"


def notes(*lines: str) -> list[str]:
    return [str(note).removeprefix("test.yaml:") for note in load(text(*lines), "test.yaml", SPECS).warnings]


def files(*allowed: str) -> Condition:
    options = FilesOptions.model_validate({"except": allowed})
    return Condition("files_changed", Cause.TAMPERED, "files_changed", Above(0), options=options, unit="files")


def test_a_word_alone_has_its_probes_defaults() -> None:
    assert fleet("tampered_when: [files_changed, shell_seen]").conditions == (files("/tmp"), SEEN)


def test_a_word_may_have_options() -> None:
    lines = ("tampered_when:", "  - files_changed: {except: [/var/cache]}", "  - shell_seen")
    assert fleet(*lines).conditions == (files("/var/cache"), SEEN)
    assert fleet("tampered_when: [{files_changed: {except: []}}, {shell_seen: }]").conditions == (files(), SEEN)


def test_an_open_replacement_keeps_what_was_declared() -> None:
    policy = fleet("tampered_when: [{files_changed: {except: [/a, /b]}}, shell_seen]")
    assert policy_from_document(policy.document, SPECS) == policy
    assert policy.hash != fleet("tampered_when: [files_changed, shell_seen]").hash
    assert '"except":["/a","/b"]' in policy.document


def test_a_document_of_before_there_were_lasting_conditions_still_reads() -> None:
    policy = fleet("tampered_when: [files_changed]")
    assert '"lasting":false,' in policy.document
    old = policy.document.replace('"lasting":false,', "")
    assert policy_from_document(old, SPECS).conditions == policy.conditions


def test_what_fleets_share_is_replaced_whole() -> None:
    shared = "defaults: {tampered_when: [files_changed, shell_seen]}\n"
    assert fleet(defaults=shared).conditions == (files("/tmp"), SEEN)
    assert fleet("tampered_when: [shell_seen]", defaults=shared).conditions == (SEEN,)


def test_a_rule_that_only_degrades_lasts_too_where_its_probe_says_so() -> None:
    (rule,) = fleet("degraded_when: [{name: somebody, shell_seen: {}}]").conditions
    assert (rule.cause, rule.lasting) == (Cause.DEGRADED, True)


def test_a_word_whose_defaults_will_hardly_fit_is_warned_of_unless_it_says_its_options() -> None:
    assert notes("tampered_when: [files_changed]") == ["5:21: 'files_changed' wants a list."]
    assert notes("tampered_when: [{files_changed: {except: [/tmp]}}]") == []


def test_a_patience_shorter_than_a_probe_may_be_unknown_is_warned_of() -> None:
    assert notes("tampered_when: [shell_seen]", "blind_after: 5m") == [
        "6:18: 'blind_after' of 5m is too short for 'shell_seen': it is unknown for up to 5m with nothing wrong."
    ]
    assert notes("tampered_when: [shell_seen]", "blind_after: 301s") == []


def test_an_editor_takes_both_spellings_of_the_words_that_are_there() -> None:
    known = schema(SPECS)["$defs"]
    for owner in ("Fleet", "Defaults"):
        items = known[owner]["properties"]["tampered_when"]["items"]
        assert items == {"anyOf": [{"enum": ["files_changed", "shell_seen"]}, {"$ref": "#/$defs/Tampering"}]}
    assert set(known["Tampering"]["properties"]) == {"files_changed", "shell_seen"}
    assert (known["Tampering"]["minProperties"], known["Tampering"]["maxProperties"]) == (1, 1)
    assert known["Tampering"]["additionalProperties"] is False
