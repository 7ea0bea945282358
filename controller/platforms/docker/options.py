"""What a fleet's `docker:` may say."""

from pydantic import BaseModel, ConfigDict, Field

from controller.clients.docker_transport import EngineAddress
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

    @property
    def address(self) -> EngineAddress:
        """The engine's address."""
        return EngineAddress(self.host)

    @property
    def addresses(self) -> tuple[EngineAddress, ...]:
        """Every engine of the fleet; its groups bear their urls. Probes ask there."""
        return (self.address,)
