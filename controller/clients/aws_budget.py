"""A request budget per account, region and API, so that the account's quota is left to others too.

AWS throttles by token buckets: a call takes a token, and tokens come back at a steady rate. Each budget here is such a
bucket, half of AWS's own where that is documented; what finds it empty waits for its turn, first come first served.
Time passes by the clock of the application.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from controller.domain.errors import ConfigError
from controller.domain.ports import PRESSING, Clock

_ROLE = re.compile(r"arn:[\w-]+:iam::(\d{12}):")


@dataclass(frozen=True, slots=True)
class Rate:
    """per_second: how many tokens come back in a second. burst: how many there are at most."""

    per_second: float
    burst: int


RATES = {
    "ec2": Rate(10, 50),
    "autoscaling": Rate(10, 50),
    "elbv2": Rate(5, 20),
    "cloudwatch": Rate(25, 25),
    "logs": Rate(5, 10),
    "logs:StartQuery": Rate(2.5, 5),
    "ssm": Rate(20, 20),
}
"""What reads may take, by API, or by one operation that has a quota of its own.

EC2's example of a Describe bucket is 100 tokens and 20 a second
(https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html), Elastic Load Balancing has 40 for Describe
(https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/elb-api-throttling.html), GetMetricData 50 a second,
StartQuery 5 a second, GetParameter 40 a second. Auto Scaling says nothing: it is taken for EC2's."""

OTHERWISE = Rate(5, 20)
"""Of an API that is not in the list."""

SHARE = "REPAVE_AWS_REQUEST_SHARE"
USUAL_SHARE = 0.5
"""What share of AWS's own quotas reads may take; RATES say what half of them is. A private endpoint may have more."""

PRESSING_SHARE = 0.5
"""What of a budget is kept for open replacements: a fleet of thousands that is being read does not hold them up."""


@dataclass(slots=True)
class Bucket:
    """One bucket. calls, waits, waited_seconds: what went through it so far, for whoever counts."""

    rate: Rate
    calls: int = 0
    waits: int = 0
    waited_seconds: float = 0.0
    full_at: datetime | None = field(default=None, repr=False)
    """When all tokens will be back."""

    def take(self, now: datetime) -> float:
        """Take one token, and say how many seconds it is until it is there: zero, while there are any."""
        interval = timedelta(seconds=1 / self.rate.per_second)
        self.full_at = max(self.full_at or now, now) + interval
        wait = max(0.0, (self.full_at - now - self.rate.burst * interval).total_seconds())
        self.calls += 1
        self.waits += wait > 0
        self.waited_seconds += wait
        return wait


class Budgets:
    """The buckets of one process, made at first use.

    Mutations pass without waiting: there are few, one replacement makes a handful, and an intent that is journaled must
    not grow old in a queue. They are counted.
    """

    def __init__(self, clock: Clock, share: float = USUAL_SHARE) -> None:
        self._clock = clock
        self._factor = share / USUAL_SHARE
        self.buckets: dict[tuple[str, str, str, bool], Bucket] = {}
        self.mutations: dict[tuple[str, str, str], int] = {}

    async def read(self, account: str, region: str, service: str, operation: str = "") -> None:
        """Wait for a turn to read. What an open replacement reads has a lane of its own."""
        own = f"{service}:{operation}"
        family = own if own in RATES else service
        key = (account, region, family, PRESSING.get())
        if key not in self.buckets:
            self.buckets[key] = Bucket(_lane(RATES.get(family, OTHERWISE), self._factor, pressing=PRESSING.get()))
        wait = self.buckets[key].take(self._clock.now())
        if wait > 0:
            await self._clock.sleep(wait)

    def mutation(self, account: str, region: str, service: str) -> None:
        """Count one."""
        key = (account, region, service)
        self.mutations[key] = self.mutations.get(key, 0) + 1


def share_of(environment: Mapping[str, str]) -> float:
    """What REPAVE_AWS_REQUEST_SHARE says: a share of AWS's quotas such as 0.5. Raises ConfigError."""
    text = environment.get(SHARE) or str(USUAL_SHARE)
    try:
        share = float(text)
    except ValueError:
        share = 0.0
    if not 0.01 <= share <= 1000:
        raise ConfigError(f"{SHARE} is {text!r}; it takes a share of AWS's request quotas, such as 0.5")
    return share


def account_of(role_arn: str | None) -> str:
    """The account that a role is of, as far as budgets have to tell them apart; empty for the process's own."""
    found = _ROLE.match(role_arn or "")
    return found[1] if found else role_arn or ""


def _lane(rate: Rate, factor: float = 1.0, *, pressing: bool) -> Rate:
    share = (PRESSING_SHARE if pressing else 1 - PRESSING_SHARE) * factor
    return Rate(rate.per_second * share, max(1, round(rate.burst * share)))
