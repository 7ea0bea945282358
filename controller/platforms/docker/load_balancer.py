"""A fleet's `load_balancer:`, with a key for each kind of balancer that was found."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, create_model, model_validator

from controller.balancers import configurable
from controller.domain.ports import BalancerSpec, LoadBalancer, Resources, Server


class OneBalancer(BaseModel):
    """What sends traffic to the containers: exactly one kind."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="after")
    def _is_exactly_one(self) -> "OneBalancer":
        if len(self.said) != 1:
            raise ValueError(f"say exactly one of {', '.join(type(self).model_fields)}")
        return self

    @property
    def said(self) -> tuple[str, ...]:
        """The kinds that are named."""
        return tuple(name for name in type(self).model_fields if getattr(self, name) is not None)


def _optional(spec: BalancerSpec) -> Any:
    return (spec.options | None, Field(default=None, description=spec.summary))  # type: ignore[operator]


if TYPE_CHECKING:
    LoadBalancerOptions = OneBalancer
else:
    LoadBalancerOptions = create_model(
        "LoadBalancer",
        __base__=OneBalancer,
        __doc__=OneBalancer.__doc__,
        **{name: _optional(spec) for name, spec in configurable().items()},
    )
    """The model of `load_balancer:`, with a field for each kind."""


def claimed(options: OneBalancer | None) -> tuple[str, ...]:
    """The balancer in words, where no other fleet may have it too."""
    kinds = options.said if options is not None else ()
    exclusive = [(kind, configurable()[kind]) for kind in kinds if configurable()[kind].one_fleet]
    return tuple(f"the same balancer, {kind} {spec.balancer_id(getattr(options, kind))}" for kind, spec in exclusive)


@dataclass(frozen=True, slots=True)
class Balancing:
    """The one balancer of a fleet. id: by which its methods are asked. port: on which its containers answer behind it;
    None where the balancer knows by itself."""

    kind: str
    id: str
    balancer: LoadBalancer
    port: int | None

    def unfit(self, server: Server) -> str | None:
        """Why a member cannot be replaced behind this balancer, in words that follow its name; None when it can."""
        return configurable()[self.kind].unfit(server)

    @property
    def closely(self) -> bool:
        """Whether members have to be inspected for it, at each look."""
        return configurable()[self.kind].closely

    @classmethod
    def of(cls, options: OneBalancer, resources: Resources) -> "Balancing":
        """What the options mean. Nothing is connected yet."""
        (kind,) = options.said
        own, spec = getattr(options, kind), configurable()[kind]
        return cls(kind, spec.balancer_id(own), spec.build(own, resources), getattr(own, "port", None))
