"""What a rule's `cloudwatch:` may say."""

import re
from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from controller.clients.option_types import OptionDuration, OptionDurationOrNone, duration_text, expected

MOST_DIMENSIONS = 30
"""CloudWatch takes no more in one query; one of them names the instance."""

SECONDS_PER_MINUTE = 60
HIGH_RESOLUTION = (1, 5, 10, 20, 30)

STANDARD = ("Average", "Sum", "Minimum", "Maximum", "SampleCount", "IQM")
NUMBER = r"(?:100(?:\.0{1,10})?|[0-9]{1,2}(?:\.[0-9]{1,10})?)"
EXTENDED = re.compile(
    rf"(?:p|tm|wm|tc|ts){NUMBER}"
    r"|(?:TM|WM|PR|TC|TS)\((?:[0-9]+(?:\.[0-9]+)?%?)?:(?:[0-9]+(?:\.[0-9]+)?%?)?\)"
)
"""As CloudWatch spells them: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html"""


def _stat(text: str) -> str:
    if text in STANDARD or (EXTENDED.fullmatch(text) and "(:)" not in text):
        return text
    near = next((known for known in STANDARD if known.lower() == text.lower()), None)
    hint = f"; write `{near}`" if near else ""
    raise expected(f"must be a statistic as CloudWatch spells it, such as Average, Maximum, p99 or tm90{hint}")


def _period(seconds: float) -> float:
    if seconds not in HIGH_RESOLUTION and seconds % SECONDS_PER_MINUTE:
        raise expected("must be 1s, 5s, 10s, 20s, 30s or whole minutes")
    return seconds


Stat = Annotated[str, Field(strict=True, max_length=60), AfterValidator(_stat)]
Period = Annotated[OptionDuration, AfterValidator(_period)]
Name = Annotated[str, Field(strict=True, min_length=1, max_length=255)]
DimensionValue = Annotated[str, Field(strict=True, min_length=1, max_length=1024)]


class CloudwatchOptions(BaseModel):
    """One metric, exactly as it is published: CloudWatch takes a query with other dimensions for another metric."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    namespace: Annotated[Name, Field(pattern="^[^:]")] = Field(description="such as AWS/EC2 or CWAgent")
    metric: Name = Field(description="its name")
    stat: Stat = Field(default="Average", description="Average, Maximum, p99, tm90 ...")
    period: Period = Field(default=60.0, description="how often the metric is published, or a multiple of that")
    dimensions: Mapping[Name, DimensionValue] = Field(
        default={},
        max_length=MOST_DIMENSIONS - 1,
        description="all of the metric's dimensions, the instance's left out",
    )
    dimension: Name = Field(default="InstanceId", description="the dimension whose value is the instance's id")
    lag: OptionDurationOrNone | None = Field(
        default=None, description="how late a point may reach CloudWatch; default: 2m, or the period if that is longer"
    )

    @model_validator(mode="after")
    def _names_each_dimension_once(self) -> Self:
        if self.dimension in self.dimensions:
            raise ValueError(f"leave {self.dimension} out of `dimensions`: its value is each instance's id")
        return self

    @property
    def period_seconds(self) -> int:
        """The distance between two points."""
        return int(self.period)

    @property
    def lag_seconds(self) -> float:
        """How late a point may be and still be in time."""
        return max(120.0, self.period) if self.lag is None else self.lag

    def dimensions_of(self, instance_id: str | None) -> dict[str, str]:
        """Those of one instance's metric; of the fleet's own, where there is no instance."""
        return {**self.dimensions, **({} if instance_id is None else {self.dimension: instance_id})}

    def query(self, instance_id: str | None) -> str:
        """What is asked, for a person who wants to ask it again."""
        dimensions = ",".join(f"{name}={value}" for name, value in sorted(self.dimensions_of(instance_id).items()))
        return f"cloudwatch {self.namespace} {self.metric}{{{dimensions}}} {self.stat} of {duration_text(self.period)}"
