"""What the configuration may speak of, and what it becomes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from controller.domain.policy import GlobalLimits, Mode, Policy
from controller.domain.ports import PlatformSpec, ProbeSpec, SourceSpec
from controller.settings.address import Listen
from controller.settings.problems import Problem, Spot
from controller.settings.secret import SecretRef
from controller.settings.state import StateAddress


@dataclass(frozen=True, slots=True, eq=False)
class Specs:
    """The plug-ins that were found, by the key they have in the configuration; equal only to itself.

    sources: the kinds of telemetry sources that probes read.
    """

    platforms: Mapping[str, PlatformSpec]
    probes: Mapping[str, ProbeSpec]
    sources: Mapping[str, SourceSpec] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Source:
    """A telemetry source. Condition.source names it. options: what ProbeSpec.build takes first."""

    name: str
    kind: str
    options: object


@dataclass(frozen=True, slots=True)
class AccessToken:
    """Who may use the HTTP API, and for what: `read` or `operate`. The token itself is only referred to."""

    name: str
    token: SecretRef
    may: str


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The load balancer whose word for who signed in is taken. claim: that names a person; None for the usual ones.

    may: `read` or `operate`. keys_url: where its public keys are, without a slash at its end.
    """

    load_balancer: str
    issuer: str
    client_id: str
    claim: str | None
    may: str
    keys_url: str


@dataclass(frozen=True, slots=True)
class Config:
    """The whole configuration, valid and frozen.

    mode: what holds where a fleet says nothing, capped by max_mode like every fleet's own.
    fleets: by name, in the file's order. warnings: what is allowed and probably not meant.
    hash: of the file's text. tokens, signed_in: who may use the HTTP API. name: the file's, for messages.
    state_at: where in it `state` is.
    state: the journal's address, or where it is kept.
    reload_every_seconds: between two looks whether it has changed; 0 for none. version: what the store that it is kept
    in calls this text (S3's version or ETag, SSM's version); empty for a file.
    """

    state: StateAddress | SecretRef
    listen: Listen
    tick_seconds: float
    lease_ttl_seconds: float
    keep_seconds: float
    mode: Mode
    max_mode: Mode
    limits: GlobalLimits
    telemetry: Mapping[str, Source]
    fleets: Mapping[str, Policy]
    warnings: tuple[Problem, ...] = ()
    tokens: tuple[AccessToken, ...] = ()
    signed_in: SignedIn | None = None
    hash: str = ""
    name: str = ""
    version: str = ""
    reload_every_seconds: float = 60.0
    state_at: Spot = field(default_factory=lambda: Spot(1, 1))
