"""Whether each instance itself answers over HTTP, and how soon."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address

from controller.clients.http_checks import Ask, Heard, HttpChecks
from controller.domain.errors import Transient
from controller.domain.model import Instance, InstanceState, Reading, Signal, Unknown
from controller.domain.policy import Above, Begins, Condition, Missing
from controller.domain.ports import Flaw, Probe, ProbeRequest, ProbeSpec, Resources
from probes._http_options import HttpOptions, Metric, measures

FAILED = "failed"
ADDRESS = "repave.address"
"""The attribute by which a platform says under which address an instance serves; else the first address that it goes
by is taken."""


@dataclass(frozen=True, slots=True)
class Asked:
    """An instance, what it was asked and what came."""

    instance: Instance
    ask: Ask
    heard: Heard

    @property
    def place(self) -> tuple[str, str]:
        """Where it is: what cannot be reached there may be cut off with all its neighbours."""
        return self.instance.group, self.instance.zone

    @property
    def query(self) -> str:
        """To ask it again."""
        return f"GET {self.ask.url}"


class Http:
    """Asks each instance at its own address, from where the daemon runs: one GET, no redirect followed, no retry.

    Value: the status, such as `200`, or `failed: 503`, `failed: refused`, `failed: timeout` ... where it is not one of
    those that are expected; or the milliseconds until the headers of an expected answer were there. Unknown: its
    address is not known, it is not in service, or it does not answer and neither does any other one near it (then the
    network, or the daemon's place in it, may be what fails).
    """

    def __init__(self, checks: HttpChecks) -> None:
        self._checks = checks

    async def read(self, request: ProbeRequest) -> Mapping[str, Signal | Unknown]:
        """One reading per instance. Raises Transient when instances were asked and not one answered."""
        options = _options(request.condition)
        found: dict[str, Signal | Unknown] = {one.id: _unasked(one) for one in request.instances}
        targets = {one.id: address_of(one) for one in request.instances if one.state is InstanceState.IN_SERVICE}
        asked = await asyncio.gather(
            *(
                self._ask(one, address, options)
                for one in request.instances
                if (address := targets.get(one.id)) is not None
            )
        )
        if asked and all(one.heard.status is None for one in asked):
            raise Transient(_nobody(asked), call="http.get", code="nobody")
        alone = _alone(asked)
        for one in asked:
            found[one.instance.id] = _reading(one, request, alone=one.instance.id in alone)
        return found

    async def _ask(self, instance: Instance, address: str, options: HttpOptions) -> Asked:
        ask = Ask(address, options.port, options.path, options.timeout, options.host, options.tls_check)
        return Asked(instance, ask, await self._checks.ask(ask))


def address_of(instance: Instance) -> str | None:
    """Where it serves; None where that is not known."""
    for name in (instance.attributes.get(ADDRESS, ""), *instance.names):
        try:
            return str(ip_address(name))
        except ValueError:
            continue
    return None


def _unasked(instance: Instance) -> Unknown:
    if instance.state is not InstanceState.IN_SERVICE:
        return Unknown(f"it is {instance.state}")
    return Unknown("its address is not known")


def _nobody(asked: Sequence[Asked]) -> str:
    first = asked[0]
    why = first.heard.failure or first.heard.ours
    return (
        f"not one of {len(asked)} instances answers ({first.ask.url}: {why}): the network from here may be what fails"
    )


def _alone(asked: Sequence[Asked]) -> frozenset[str]:
    """Those who do not answer, and of whose neighbours (or of all others, where there are none) nobody does either."""
    there = Counter(one.place for one in asked)
    answered = Counter(one.place for one in asked if one.heard.status is not None)
    silent = (one for one in asked if one.heard.status is None)
    return frozenset(
        one.instance.id for one in silent if not (answered[one.place] if there[one.place] > 1 else answered.total())
    )


def _reading(one: Asked, request: ProbeRequest, *, alone: bool) -> Signal | Unknown:
    options, heard = _options(request.condition), one.heard
    if heard.ours:
        return Unknown(heard.ours, one.query)
    if alone:
        return Unknown(f"it does not answer ({heard.failure}), and nor does any other one near it", one.query)
    value = _latency(heard, request.condition) if options.metric is Metric.LATENCY else _status(heard, options)
    if isinstance(value, Unknown):
        return Unknown(value.reason, one.query)
    return Signal((Reading(value, request.at),), one.query)


def _status(heard: Heard, options: HttpOptions) -> str:
    if heard.status is None:
        return f"{FAILED}: {heard.failure}"
    return str(heard.status) if options.is_well(heard.status) else f"{FAILED}: {heard.status}"


def _latency(heard: Heard, condition: Condition) -> float | Unknown:
    """In milliseconds. Of an answer that did not come in time it is known that it takes longer than was waited."""
    options = _options(condition)
    if heard.status is not None:
        well = options.is_well(heard.status)
        return round(heard.seconds * 1000, 1) if well else Unknown(f"it answers {heard.status}, how soon is no matter")
    waited = options.timeout * 1000
    if heard.failure == "timeout" and isinstance(condition.threshold, Above) and condition.threshold.breached(waited):
        return waited
    return Unknown(f"it does not answer ({heard.failure})")


def _options(condition: Condition) -> HttpOptions:
    assert isinstance(condition.options, HttpOptions)
    return condition.options


def _check(condition: Condition) -> Flaw | None:
    options, threshold = _options(condition), condition.threshold
    if condition.missing is Missing.ZERO:
        return Flaw("missing", "no answer is never zero; leave 'missing' out.")
    if options.metric is Metric.LATENCY and isinstance(threshold, Above) and threshold.limit >= options.timeout * 1000:
        return Flaw("above", "is not shorter than the 'timeout': no answer that is waited for takes so long.")
    return None


def _build(_source: object, _platform: object, resources: Resources) -> Probe:
    return Http(resources.get(HttpChecks))


PROBE = ProbeSpec(
    name="http",
    options=HttpOptions,
    build=_build,
    summary="Whether each instance answers over HTTP at its own address, and how soon.",
    threshold=Begins(FAILED),
    measures=measures,
    check=_check,
)
