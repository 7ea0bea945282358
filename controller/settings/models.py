"""The shape of the configuration file. The option models of platforms and probes are merged in by `Models.of`."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from controller.domain.policy import (
    Cooldown,
    Deadlines,
    GlobalLimits,
    Limits,
    Missing,
    Mode,
    Policy,
    StopWhen,
    Verify,
)
from controller.settings.address import Listen, ListenAddress
from controller.settings.problems import quoted
from controller.settings.secret import SecretRef
from controller.settings.sign_in import ClientId, Issuer, KeysUrl, LoadBalancerArn
from controller.settings.state import StateAddress, StateSetting
from controller.settings.values import (
    Duration,
    DurationOrNone,
    Flag,
    FloorAmount,
    Label,
    LimitAmount,
    Number,
    PerHour,
    Share,
    expected,
)
from controller.settings.windows import Cron, TimeZone

_LIMITS, _GLOBAL, _STOP, _VERIFY, _DEADLINES = Limits(), GlobalLimits(), StopWhen(), Verify(), Deadlines()
MOST_TOKENS = 100
LEAST_KEPT_SECONDS = 35 * 86_400.0
_COOLDOWN = Cooldown()
_POLICY = Policy(fleet="", platform="", mode=Mode.OBSERVE)


class Section(BaseModel):
    """A mapping of the file: frozen, and an unknown key in it is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


def keys_of(model: type[BaseModel] | None) -> tuple[str, ...]:
    """The keys that a mapping of this model may have, as the file spells them."""
    return tuple(field.alias or name for name, field in model.model_fields.items()) if model else ()


class FleetLimits(Section):
    """The budgets of one fleet."""

    max_in_flight: LimitAmount = _LIMITS.max_in_flight
    """How many replacements may be under way at once: a number, or a share of the fleet (at least one)."""
    replacements_per_hour: PerHour = _LIMITS.replacements_per_hour
    """How many replacements may start within any hour."""
    capacity_floor: FloorAmount | None = None
    """How many instances have to serve while a predecessor is taken out: a number, or a share of the desired count."""


class WindowSection(Section):
    """A time in which the aged and the drifted may be replaced."""

    cron: Cron
    """When it opens: minute, hour, day of month, month, day of week (0 and 7 are Sunday, 1 and `mon` Monday)."""
    for_: Duration = Field(alias="for")
    """How long it stays open."""
    timezone: TimeZone = "UTC"
    """Whose clock the cron follows, through both changes of it."""


class CooldownSection(Section):
    """How long an instance waits after an attempt to replace it came to nothing."""

    base: Duration = _COOLDOWN.base_seconds
    """After the first attempt; each further one in a row doubles it."""
    cap: Duration = _COOLDOWN.cap_seconds
    """It never waits longer."""


class GlobalSection(Section):
    """The budgets over all fleets."""

    replacements_per_hour: PerHour = _GLOBAL.replacements_per_hour
    """How many replacements may start within any hour, over all fleets."""
    stop_after_failures: Annotated[int, Field(strict=True, ge=1, le=1000)] = _GLOBAL.stop_after_failures
    """After how many failed replacements in a row, in a fleet or over all, nothing more is started."""


class StopSection(Section):
    """Shares beyond which trouble is the fleet's and not an instance's: nothing is replaced then."""

    degraded_over: Share = _STOP.degraded_over
    """Share of degraded instances."""
    tampered_over: Share = _STOP.tampered_over
    """Share of tampered instances."""
    blind_over: Share = _STOP.blind_over
    """Share of instances that cannot be judged."""


class VerifySection(Section):
    """How a successor has to prove itself before its predecessor is drained."""

    ready_within: Duration = _VERIFY.ready_within_seconds
    """How long it may take to be in service and healthy in every balancer."""
    warm_up: DurationOrNone = _VERIFY.warm_up_seconds
    """How long its readings do not count after that."""
    bake: DurationOrNone = _VERIFY.bake_seconds
    """How long it is watched after the warm-up."""
    deadline: Duration = _VERIFY.deadline_seconds
    """How long it may stay unproven after the warm-up; then it goes and its predecessor stays."""


class DrainSection(Section):
    """How a predecessor leaves its balancers."""

    timeout: Duration = _DEADLINES.drain_seconds
    """How long its connections may take to end."""


class DeadlinesSection(Section):
    """After how long each other wait ends."""

    launch: Duration = _DEADLINES.launch_seconds
    """For the platform to bring up a newcomer."""
    terminate: Duration = _DEADLINES.terminate_seconds
    """For the platform to end the predecessor."""
    undo: Duration = _DEADLINES.undo_seconds
    """For the way back after a failure."""


class LeaseSection(Section):
    """Who may act: of several daemons, one per fleet."""

    ttl: Duration = 30.0
    """After how long of silence another daemon takes a fleet over."""


class RuleBase(Section):
    """One way of being degraded: a name, exactly one probe, and what counts as a breach."""

    name: Label
    """What people call it; it is shown with every decision. Unique in its fleet."""
    above: Number | None = None
    """Breached by a greater value. Only for a probe that does not know by itself what is bad."""
    below: Number | None = None
    """Breached by a smaller value. Only for a probe that does not know by itself what is bad."""
    count: Annotated[int, Field(strict=True, ge=1, le=1_000_000)] | None = None
    """Breached by this many or more within `within`. Only for a probe that counts."""
    within: Duration | None = None
    """The span over which a probe that counts does so."""
    for_: DurationOrNone = Field(default=0.0, alias="for")
    """How long every reading must have breached; 0s: the latest alone counts."""
    missing: Missing = Missing.UNKNOWN
    """What an absent reading means. `zero` needs proof of life from that instance in that source."""
    urgent: Flag = False
    """Goes before others; may ignore windows, never limits."""
    source: Label | None = None
    """Which telemetry source to read, where there are several of the probe's kind."""
    identity: Label | None = None
    """The label or facet by which the source's rows name instances; by default the first of the usual ones."""


class FleetBase(Section):
    """Instances of one kind under one policy: exactly one platform, and what is asked of its instances."""

    mode: Mode | None = None
    """Overrides the mode above."""
    max_image_age: Duration | None = None
    """An instance whose image is older is aged."""
    max_age: Duration | None = None
    """An instance that is older is aged."""
    drift: tuple[Label, ...] = ()
    """In what an instance may differ from what a launch would use now: then it has drifted. Each platform knows its own
    words."""
    degraded_when: tuple[RuleBase, ...] = ()
    tampered_when: tuple[Any, ...] = ()
    hold_while: tuple[RuleBase, ...] = ()
    limits: FleetLimits = FleetLimits()
    windows: tuple[WindowSection, ...] = ()
    """When the aged and the drifted may be replaced; none: at any time."""
    cooldown: CooldownSection = CooldownSection()
    stop_when: StopSection = StopSection()
    verify: VerifySection = VerifySection()
    drain: DrainSection = DrainSection()
    deadlines: DeadlinesSection = DeadlinesSection()
    blind_after: Duration = _POLICY.blind_after_seconds
    """How long a rule may stay unreadable before its instance counts as blind."""
    warm_up: DurationOrNone = _POLICY.warm_up_seconds
    """For how long after its launch an instance is not replaced, and not called blind."""
    poll: Duration = _POLICY.poll_seconds
    """How long a step that waits pauses between two looks."""


class TokenSection(Section):
    """One access token of the HTTP API."""

    name: Label
    """Whose it is; it stands as `user.name` wherever its bearer changed something. Unique."""
    token: SecretRef
    """Where the token is kept: at least 16 printable characters without spaces."""
    may: Literal["read", "operate"] = "read"
    """read: look at everything; operate: also hold, resume, approve, abort and replace."""


def _unlike(tokens: tuple[TokenSection, ...]) -> tuple[TokenSection, ...]:
    names = [token.name for token in tokens]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise expected(f"names {quoted(twice[0])} twice; each token has a name of its own")
    return tokens


class OidcSection(Section):
    """An Application Load Balancer in front of the daemon, at which people sign in by OIDC."""

    load_balancer: LoadBalancerArn
    """Its ARN. No other load balancer's word is taken."""
    issuer: Issuer
    """The identity provider, as the listener's rule names it."""
    client_id: ClientId
    """The client that the provider knows the load balancer as."""
    claim: Label | None = None
    """The claim that names a person, for `user.name`; by default `email`, and `sub` where there is none."""
    may: Literal["read", "operate"] = "read"
    """What whoever signed in may do, with the words of a token."""
    keys_url: KeysUrl | None = None
    """Where the load balancer's public keys are, by their ids; by default where AWS publishes those of its region."""


class ApiSection(Section):
    """The HTTP API."""

    tokens: Annotated[tuple[TokenSection, ...], Field(max_length=MOST_TOKENS), AfterValidator(_unlike)] = ()
    """Its access tokens. With neither these nor `oidc`, whoever reaches the loopback address may read, and nobody may
    change."""
    oidc: OidcSection | None = None
    """The load balancer that is trusted to say who signed in; none by default."""


def _long_enough(seconds: float) -> float:
    if seconds < LEAST_KEPT_SECONDS:
        raise expected("must be at least 35d: the rules learn from the last 30 days")
    return seconds


KeptFor = Annotated[Duration, AfterValidator(_long_enough)]


class DocumentBase(Section):
    """The configuration of Repave."""

    version: Literal[1]
    """Of this format."""
    mode: Mode = Mode.OBSERVE
    """observe: decides and explains, never acts; ask: a person approves; act. A fleet's own mode overrides."""
    max_mode: Mode = Mode.ACT
    """The cap over every fleet's mode."""
    state: StateSetting = StateAddress("sqlite:///repave.db")
    """The journal: sqlite:///PATH, postgresql://USER@HOST/DATABASE or dynamodb://TABLE, or a reference to a secret that
    holds this address."""
    keep: KeptFor = 400 * 86_400.0
    """How long closed replacements stay in the journal, with their events; what limits still count stays longer."""
    tick: Duration = _POLICY.tick_seconds
    """How often each fleet is looked at."""
    reload_every: DurationOrNone = 60.0
    """How often a running daemon looks whether its configuration has changed, a file every 5s at the latest; 0s: it
    waits for SIGHUP."""
    lease: LeaseSection = LeaseSection()
    listen: ListenAddress = Listen("127.0.0.1", 8080)
    """Where the daemon answers HTTP, HOST:PORT. Any but a loopback address needs `api.tokens` or `api.oidc`."""
    api: ApiSection = ApiSection()
    limits: GlobalSection = GlobalSection()
    telemetry: dict[str, Any] = {}
    """Telemetry sources by name."""
    defaults: dict[str, Any] = {}
    """Anything a fleet may say, for every fleet that does not say it."""
    fleets: Annotated[dict[str, Any], Field(min_length=1)]
    """The fleets by name."""
