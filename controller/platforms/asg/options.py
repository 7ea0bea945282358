"""What a fleet's `asg:` may say."""

from collections.abc import Mapping
from typing import Annotated, Self

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
    role_arn: str | None = Field(
        default=None, pattern=r"^arn:aws[a-z-]*:iam::\d{12}:role/\S+$", description="a role to act as, in any account"
    )

    @model_validator(mode="after")
    def _names_groups_in_one_way(self) -> Self:
        if (self.name is None) == (self.tags is None):
            raise ValueError("say either `name` or `tags`")
        return self

    @property
    def scope(self) -> AwsScope:
        """Where and as whom."""
        return AwsScope(region=self.region, role_arn=self.role_arn)

    @property
    def wanted(self) -> str:
        """The groups in words, for messages."""
        if self.name is not None:
            return f"named {self.name}"
        return "tagged " + " ".join(f"{key}={value}" for key, value in sorted((self.tags or {}).items()))
