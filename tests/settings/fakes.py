"""Small platforms and probes to test the configuration with, so that the real ones may change."""

from dataclasses import replace
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from controller.domain.policy import Above, AnyOf, Condition, Missing
from controller.domain.ports import Flaw, PlatformSpec, ProbeSpec, SourceSpec
from controller.settings import SecretRef, Specs


class Options(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class GroupOptions(Options):
    """Instances of a group."""

    name: str | None = Field(default=None, description="Of the group.")
    tags: dict[str, str] | None = None
    region: str | None = None
    size: Literal["small", "large"] = "small"

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.name is None) == (self.tags is None):
            raise ValueError("say 'name' or 'tags', and not both")
        return self


class EngineOptions(Options):
    host: str
    port: int = 80
    also: tuple[str, ...] = ()


class Nothing(Options):
    pass


class MetricOptions(Options):
    metric: str
    labels: dict[str, str] = {}
    only: tuple[str, ...] = ()


class FilesOptions(Options):
    allowed: tuple[str, ...] = Field(default=("/tmp",), alias="except")


class StoreOptions(Options):
    url: str
    token: SecretRef | None = None


STORE = SourceSpec("store", StoreOptions, "Keeps numbers.")


def never(*_: object) -> object:
    raise AssertionError("settings build nothing")


def no_zero(condition: Condition) -> Flaw | None:
    return Flaw("missing", "no zero here.") if condition.missing is Missing.ZERO else None


def probe(name: str, **changes: object) -> ProbeSpec:
    return ProbeSpec(**{"name": name, "options": Nothing, "build": never, "summary": f"Reads {name}.", **changes})  # type: ignore[arg-type]


def platform(name: str, options: type[BaseModel], *drift: str, tampering: tuple[str, ...] = ()) -> PlatformSpec:
    return PlatformSpec(name, options, never, f"Runs {name}.", drift=drift, tampering=tampering)  # type: ignore[arg-type]


def claims(options: EngineOptions) -> list[tuple[str, int]]:
    return [(host, options.port) for host in (options.host, *options.also)]


SPECS = Specs(
    platforms={
        "group": platform("group", GroupOptions, "checks", "template"),
        "engine": replace(
            platform("engine", EngineOptions, tampering=("files_changed", "shell_seen", "unread")), claims=claims
        ),
    },
    probes={
        "image_age": probe("image_age", unit="s"),
        "instance_age": probe("instance_age", unit="s"),
        "checks": probe("checks", threshold=AnyOf(("impaired", "failed"))),
        "cpu": probe("cpu", options=MetricOptions, unit="%", history=True),
        "slow": probe("slow", options=MetricOptions, history=True, rhythm=lambda _: (300.0, 120.0)),
        "overall": probe("overall", options=MetricOptions, history=True, fleet_level=True),
        "files_changed": probe(
            "files_changed", options=FilesOptions, threshold=Above(0), unit="files", bare_hint="wants a list."
        ),
        "shell_seen": probe("shell_seen", threshold=Above(0), lasting=True, unsure_seconds=300.0),
        "stored": probe("stored", options=MetricOptions, source=STORE, history=True, check=no_zero),
    },
    sources={"store": STORE},
)
