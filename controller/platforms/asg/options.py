"""What a fleet's `asg:` may say."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from controller.clients.aws import AwsScope

Tag = Annotated[str, Field(min_length=1, max_length=256)]


class AsgOptions(BaseModel):
    """One Auto Scaling group by its name, or all that carry certain tags."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str | None = Field(default=None, min_length=1, max_length=255, description="the group's name")
    tags: Mapping[Tag, Tag] | None = Field(
        default=None, min_length=1, max_length=10, description="groups that carry all of these tags, instead of a name"
    )
    region: str | None = Field(
        default=None, pattern=r"^[a-z]{2,}(-[a-z]+)+-\d+$", description="default: AWS_REGION, or the SDK's own"
    )
    launch: Literal["desired_plus_one", "launch_instances"] = Field(
        default="desired_plus_one", description="how a newcomer is asked for; launch_instances names its zone (opt-in)"
    )
    role_arn: str | None = Field(
        default=None, pattern=r"^arn:aws[a-z-]*:iam::\d{12}:role/\S+$", description="a role to act as, in any account"
    )

    external_id: str | None = Field(
        default=None,
        min_length=2,
        max_length=1224,
        pattern=r"^[\w+=,.@:\/-]+$",
        description="what the role's trust policy asks for, if it does",
    )

    @model_validator(mode="after")
    def _names_groups_in_one_way(self) -> Self:
        if (self.name is None) == (self.tags is None):
            raise ValueError("say either `name` or `tags`")
        if self.external_id is not None and self.role_arn is None:
            raise ValueError("`external_id` is for a role: say `role_arn` too")
        return self

    @property
    def scope(self) -> AwsScope:
        """Where and as whom."""
        return AwsScope(self.region, self.role_arn, self.external_id)

    @property
    def chooses_zone(self) -> bool:
        """Whether a launch names the zone of its newcomer."""
        return self.launch == "launch_instances"

    @property
    def wanted(self) -> str:
        """The groups in words, for messages."""
        if self.name is not None:
            return f"named {self.name}"
        return "tagged " + " ".join(f"{key}={value}" for key, value in sorted((self.tags or {}).items()))
