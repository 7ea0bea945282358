"""The pages under docs/reference, out of the plug-ins and the schema of the configuration."""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path

from controller.app.configuration import config_schema
from controller.app.plugins import found, platforms, probes, sources
from controller.domain.ports import BalancerSpec, ProbeSpec
from tools.reference import words
from tools.reference.environment import VARIABLES
from tools.reference.examples import Examples
from tools.reference.keys import Keys

ROOT = Path(__file__).resolve().parents[2]
NOTE = "<!-- Written by `.venv/bin/python -m tools.reference` from {origin}. Change those, not this. -->\n"
SPOKEN = {"image_age": "`max_image_age` of a fleet", "instance_age": "`max_age` of a fleet"}
"""Probes that a fleet asks for by a key of its own."""

# The mappings of the configuration page: the definition's name in the schema, and its heading.
SECTIONS: Mapping[str, str] = {
    "": "The file",
    "LeaseSection": "`lease`",
    "ApiSection": "`api`",
    "TokenSection": "`tokens` of `api`",
    "OidcSection": "`oidc` of `api`",
    "GlobalSection": "`limits` over all fleets",
    "PrometheusOptions": "`telemetry`: a Prometheus",
    "NewRelicOptions": "`telemetry`: New Relic",
    "Fleet": "A fleet",
    "FleetLimits": "`limits` of a fleet",
    "WindowSection": "`windows` of a fleet",
    "CooldownSection": "`cooldown` of a fleet",
    "StopSection": "`stop_when` of a fleet",
    "VerifySection": "`verify` of a fleet",
    "DrainSection": "`drain` of a fleet",
    "DeadlinesSection": "`deadlines` of a fleet",
    "Rule": "A rule",
}


def slug(heading: str) -> str:
    """The anchor of a heading, as code hosts and the site make it."""
    kept = "".join(letter for letter in heading.lower() if letter.isalnum() or letter in " _-")
    return kept.strip().replace(" ", "-")


@cache
def balancers() -> Mapping[str, BalancerSpec]:
    """Every balancer, by its key."""
    return found(import_module("controller.balancers"), "BALANCER", BalancerSpec)


@cache
def keys() -> Keys:
    """All mappings of the configuration, with the places that tell of them."""
    schema = config_schema()
    links = {name: f"configuration.md#{slug(heading)}" for name, heading in SECTIONS.items() if name}
    links |= {spec.options.__name__: f"probes.md#{name}" for name, spec in probes().items()}
    links |= {spec.options.__name__: f"platforms.md#{name}" for name, spec in platforms().items()}
    links |= {spec.options.__name__: f"platforms.md#{name}" for name, spec in balancers().items() if spec.options}
    links |= {
        "LoadBalancer": "platforms.md#load-balancers",
        "HttpTlsOptions": "probes.md#http-tls",
        "TlsOptions": "platforms.md#docker-tls",
        "Telemetry": "configuration.md#telemetry-a-prometheus",
        "Defaults": "configuration.md#a-fleet",
        "Tampering": "platforms.md#tampering",
    }
    example = (ROOT / "config" / "example.yaml").read_text(encoding="utf-8")
    return Keys(schema, Examples(schema, example), links)


def configuration() -> str:
    """Every key of the file."""
    parts = [
        "# Every setting\n",
        NOTE.format(origin="the models in controller/settings"),
        words.CONFIGURATION,
    ]
    for name, heading in SECTIONS.items():
        said = keys().of(name).get("description", "")
        parts += [
            f"## {heading}\n",
            *([f"{said.partition(chr(10) * 2)[0]}\n"] if name and said else []),
            _section(name),
        ]
    return "\n".join(parts)


def _section(name: str) -> str:
    if name != "Rule":
        return keys().table(name)
    own = tuple(key for key in keys().of(name)["properties"] if key not in probes())
    listed = ", ".join(f"[`{key}`](probes.md#{key})" for key in keys().of(name)["properties"] if key in probes())
    return keys().table(name, own) + f"\nAnd exactly one probe under its name: {listed}.\n"


def probe_page() -> str:
    """Every probe: what it reads, what is true of it, its options."""
    parts = [
        "# Every probe\n",
        NOTE.format(origin="the specs in probes/"),
        words.PROBES,
        "\n".join(_line(name, spec) for name, spec in probes().items()) + "\n",
    ]
    for name, spec in probes().items():
        parts += [f"## {name}\n", f"{spec.summary}\n", "\n".join(_facts(name, spec)) + "\n"]
        parts.append(keys().table(spec.options.__name__))
        if name == "http":
            parts += ["### http tls\n", keys().table("HttpTlsOptions")]
    return "\n".join(parts)


def _line(name: str, spec: ProbeSpec) -> str:
    history, whole = ("yes" if is_so else "" for is_so in (spec.history, spec.fleet_level))
    return f"| [`{name}`](#{name}) | {spec.summary} | {asked_by(name)} | {history} | {whole} |"


def asked_by(name: str) -> str:
    """How a configuration asks for a probe."""
    words = [SPOKEN[name]] if name in SPOKEN else []
    words += [f"`drift` of `{platform}`" for platform, spec in platforms().items() if name in spec.drift]
    words += [f"`tampered_when` of `{platform}`" for platform, spec in platforms().items() if name in spec.tampering]
    return ", ".join(words) or "a rule"


def _facts(name: str, spec: ProbeSpec) -> list[str]:
    facts = [f"- Asked for by {asked_by(name)}."]
    if spec.threshold is not None:
        sometimes = ", but for options that measure: then the rule says `above` or `below`" if spec.measures else ""
        facts.append(f"- It knows by itself what is a breach: `{spec.threshold}`{sometimes}.")
    elif spec.counts:
        facts.append("- It counts: its rules say `count` and `within`.")
    elif name not in SPOKEN:
        facts.append("- Its rules say `above` or `below`.")
    if spec.source is not None:
        kind = keys().links[spec.source.options.__name__]
        facts.append(f"- It reads a telemetry source of the kind [`{spec.source.name}`]({kind}).")
    if spec.unit:
        facts.append(f"- Its unit: {'seconds' if spec.unit == 's' else spec.unit}.")
    if spec.history:
        facts.append("- Its source keeps history.")
    if spec.fleet_level:
        facts.append("- It can answer for a fleet as a whole, and so stand in `hold_while`.")
    if spec.lasting:
        facts.append("- What it saw once lasts until the instance is gone.")
    if spec.unsure_seconds:
        facts.append(
            f"- It may know nothing for {spec.unsure_seconds:g} s after a start or a break, with nothing wrong."
        )
    return facts


def platform_page() -> str:
    """Every platform and every balancer."""
    parts = [
        "# Every platform and load balancer\n",
        NOTE.format(origin="the specs in controller/platforms and controller/balancers"),
    ]
    parts.append("A fleet has exactly one platform, under its name.\n")
    for name, spec in platforms().items():
        parts += [f"## {name}\n", f"{spec.summary}\n", f"- `drift` may list {_linked(spec.drift)}."]
        if spec.tampering:
            parts.append(f"- `tampered_when` may list {_linked(spec.tampering)}.")
        parts.append("")
        parts.append(keys().table(spec.options.__name__))
        if name == "docker":
            parts += ["### docker tls\n", keys().table("TlsOptions")]
    parts += [
        "## Tampering\n",
        "`tampered_when` lists words alone, or with their options:\n",
        keys().table("Tampering"),
        words.BALANCERS,
    ]
    for name, balancer in balancers().items():
        parts += [f"### {name}\n", f"{balancer.summary}\n"]
        alone = " It can be one fleet's only." if balancer.one_fleet else ""
        if balancer.options is None:
            parts.append(f"Found by its platform; nothing to say in the configuration.{alone}\n")
        else:
            parts += [*([f"{alone.strip()}\n"] if alone else []), keys().table(balancer.options.__name__)]
    return "\n".join(parts)


def _linked(words: tuple[str, ...]) -> str:
    return ", ".join(f"[`{word}`](probes.md#{word})" for word in words) or "nothing"


def environment_page() -> str:
    """Every environment variable."""
    rows = "".join(f"| `{name}` | {default} | {meaning} |\n" for name, (default, meaning) in VARIABLES.items())
    note = NOTE.format(origin="tools/reference/environment.py, which a test holds against the code")
    return f"# Environment variables\n\n{note}\n{words.ENVIRONMENT}{rows}"


def pages() -> Mapping[Path, str]:
    """Every page, by its path."""
    place = ROOT / "docs" / "reference"
    return {
        place / "configuration.md": configuration(),
        place / "probes.md": probe_page(),
        place / "platforms.md": platform_page(),
        place / "environment.md": environment_page(),
    }


def kinds() -> set[str]:
    """The kinds of telemetry sources; each needs its section on the configuration page."""
    return {spec.options.__name__ for spec in sources().values()}
