"""Whether a bill of materials is valid CycloneDX, and lists exactly what is pinned."""

import json
import re

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.markers import Marker

PIN = re.compile(r"^([a-z0-9._-]+)==([^ ;]+)(?: ; (.*?))?(?: \\)?$", re.MULTILINE)


def canonical(name: str) -> str:
    """A package's name as every index spells it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned(requirements: str, **environment: str) -> dict[str, str]:
    """Package and version of each pin in the text of a requirements file that holds here, or in another environment."""
    return {
        canonical(name): version
        for name, version, marker in PIN.findall(requirements)
        if not marker or Marker(marker).evaluate(environment)
    }


def problems(text: str, requirements: str, version: str) -> list[str]:
    """One sentence for each thing that is wrong. text: of the document; requirements: of the pins; version: ours."""
    wrong = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if wrong is not None:
        return [f"the bill of materials is not valid: {wrong}"]
    document = json.loads(text)
    about = document["metadata"]["component"]
    found = []
    if (about["name"], about.get("version")) != ("repave", version):
        found.append(f"the bill of materials is about {about['name']} {about.get('version')}, not repave {version}")
    listed = {canonical(one["name"]): one["version"] for one in document["components"] if one["name"] != "repave"}
    wanted = pinned(requirements)
    found += [
        f"the bill of materials has {name} {listed.get(name, 'nowhere')}, and {wanted.get(name, 'nothing')} is pinned"
        for name in sorted(listed.keys() | wanted.keys())
        if listed.get(name) != wanted.get(name)
    ]
    return found
