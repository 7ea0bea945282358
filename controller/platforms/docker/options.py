"""What a fleet's `docker:` may say."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from controller.clients.docker_transport import EngineAddress
from controller.clients.option_types import OptionDuration
from controller.platforms.docker.load_balancer import LoadBalancerOptions


class DockerOptions(BaseModel):
    """The containers of one engine that carry a label."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field(
        default="unix:///var/run/docker.sock",
        pattern=r"^(unix:///\S+|tcp://[^\s/]+:\d+)$",
        description="the engine: unix:///PATH or tcp://HOST:PORT",
    )
    label: str = Field(
        pattern=r"^[^\s=]+(=\S*)?$", description="the label, KEY or KEY=VALUE, that makes a container a member"
    )
    load_balancer: LoadBalancerOptions | None = Field(
        default=None, description="what sends traffic to the containers, one kind; none: a healthy container is ready"
    )
    pull: bool | Literal["if_missing"] = Field(
        default=False,
        description="whether the image is fetched before a successor is created: always (true), if_missing, or never"
        " (false); where the registry cannot be reached, what the engine has is used",
    )
    ports: str | None = Field(
        default=None,
        pattern=r"^\d{1,5}-\d{1,5}$",
        description="a range of host ports, LOW-HIGH, of which a successor takes a free one for each fixed port that"
        " its predecessor publishes",
    )
    volumes: Literal["shared"] | None = Field(
        default=None,
        description="`shared`: a successor mounts the writable volumes of its predecessor while both run",
    )
    quarantine: OptionDuration | None = Field(
        default=None,
        description="for how long a replaced container is kept, stopped and renamed, before it is removed",
    )

    @property
    def pulling(self) -> str:
        """When an image is fetched: always, if_missing or never."""
        return self.pull if isinstance(self.pull, str) else "always" if self.pull else "never"

    @property
    def address(self) -> EngineAddress:
        """The engine's address."""
        return EngineAddress(self.host)

    @property
    def addresses(self) -> tuple[EngineAddress, ...]:
        """Every engine of the fleet; its groups bear their urls. Probes ask there."""
        return (self.address,)
