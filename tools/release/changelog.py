"""What is wrong with a changelog, by the rules of Keep a Changelog."""

import re
from datetime import date

HEADING = re.compile(r"^## \[(?P<name>[^\]]+)\](?: - (?P<date>\S+))?$", re.MULTILINE)
KINDS = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")
VERSION = re.compile(r"\d+\.\d+\.\d+(?:[.+-]?\w+)*")


def problems(text: str, version: str, tag: str | None) -> list[str]:
    """One sentence for each thing that is wrong.

    version: the project's. tag: of the commit (`v1.2.3`), None when it has none. A tagged commit needs a dated entry of
    its version and nothing left under Unreleased; any other needs one of the two. Under Unreleased, where merges put
    lines side by side, two parts of one name are let be until there is a tag.
    """
    entries = _entries(text)
    found = [] if text.startswith("# Changelog\n") else ["the first line is not `# Changelog`"]
    if not entries or entries[0][0] != "Unreleased":
        found.append("the first entry is not `## [Unreleased]`")
    for name, day, body in entries:
        found += _wrong_heading(name, day)
        kinds = re.findall(r"^### (.+)$", body, re.MULTILINE)
        found += [
            f"[{name}] has a part `{kind}`, which is none of {', '.join(KINDS)}" for kind in kinds if kind not in KINDS
        ]
        twice = sorted({kind for kind in kinds if kinds.count(kind) > 1}) if name != "Unreleased" else []
        found += [f"[{name}] has two parts `{kind}`" for kind in twice]
    said = {name for name, _, body in entries if re.search(r"^- \S", body, re.MULTILINE)}
    if tag is None:
        if not said & {"Unreleased", version}:
            found.append(f"nothing is said under [Unreleased] nor under [{version}]")
        return found
    if tag != f"v{version}":
        found.append(f"the commit is tagged {tag}, and pyproject.toml says {version}")
    if version not in said:
        found.append(f"the commit is tagged {tag}, and nothing is said under [{version}]")
    if "Unreleased" in said:
        found.append(f"the commit is tagged {tag}, and [Unreleased] is not empty")
    return found


def _entries(text: str) -> list[tuple[str, str | None, str]]:
    """Name, date and body of each entry, as they stand."""
    headings = list(HEADING.finditer(text))
    ends = [heading.start() for heading in headings[1:]] + [len(text)]
    return [(one["name"], one["date"], text[one.end() : end]) for one, end in zip(headings, ends, strict=True)]


def _wrong_heading(name: str, day: str | None) -> list[str]:
    if name == "Unreleased":
        return ["[Unreleased] bears a date"] if day else []
    if not VERSION.fullmatch(name):
        return [f"[{name}] is no version"]
    try:
        date.fromisoformat(day or "")
    except ValueError:
        return [f"[{name}] bears no date, as in `## [{name}] - 2026-11-29`"]
    return []
