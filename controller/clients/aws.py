"""The one way to AWS: what may be called, for how long, how often, and in whose name.

Reads are tried again a few times here; mutations never are, except when AWS says that it throttled them and so did
nothing. Everything else that can be tried again is tried again by the journal, which knows what was intended.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

from botocore import xform_name
from botocore.exceptions import NoCredentialsError, NoRegionError
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_exponential, wait_random

from controller.clients import aws_session
from controller.clients.aws_budget import Budgets, account_of, share_of
from controller.clients.aws_errors import translate
from controller.domain.errors import ForbiddenCall, Permanent, RepaveError, Throttled, Transient
from controller.domain.laps import lap
from controller.domain.ports import Clock

READS = frozenset(
    {
        "autoscaling:DescribeAutoScalingGroups",
        "autoscaling:DescribeInstanceRefreshes",
        "autoscaling:DescribeScalingActivities",
        "autoscaling:DescribeScheduledActions",
        "autoscaling:DescribeTags",
        "cloudwatch:GetMetricData",
        "cloudwatch:ListMetrics",
        "ec2:DescribeImages",
        "ec2:DescribeInstanceImageMetadata",
        "ec2:DescribeInstances",
        "ec2:DescribeInstanceStatus",
        "ec2:DescribeLaunchTemplateVersions",
        "ec2:DescribeTags",
        "elbv2:DescribeTargetHealth",
        "logs:FilterLogEvents",
        "logs:GetQueryResults",
        "logs:StartQuery",  # asks a question of logs: nothing that runs, and nothing that is kept, is changed by it
        "logs:StopQuery",  # takes our own question back
        "s3:GetObject",
        "secretsmanager:GetSecretValue",
        "ssm:GetParameter",
    }
)
"""Every operation that Repave reads with; docs/permissions.md names them as IAM does."""

MUTATIONS = frozenset(
    {
        "autoscaling:LaunchInstances",
        "autoscaling:SetDesiredCapacity",
        "autoscaling:SetInstanceProtection",
        "autoscaling:TerminateInstanceInAutoScalingGroup",
        "elbv2:DeregisterTargets",
        "elbv2:RegisterTargets",
    }
)
"""Law 1: every operation by which Repave can change anything in AWS; docs/permissions.md names them as IAM does."""

DEPENDENT = {
    "autoscaling:LaunchInstances": ("ec2:CreateFleet", "ec2:DescribeLaunchTemplateVersions"),
    "ec2:CreateFleet": ("ec2:CreateTags",),
    "ec2:DescribeLaunchTemplateVersions": ("ssm:GetParameters",),
    "secretsmanager:GetSecretValue": ("kms:Decrypt",),
}
"""What AWS asks the caller to be allowed besides, though Repave never calls it: AWS does so in its name. By what
needs it, as IAM names it; docs/permissions.md says where AWS says so."""


@dataclass(frozen=True, slots=True)
class AwsScope:
    """Where and as whom. region: None leaves it to AWS_REGION or the SDK. role_arn: a role to act as; None acts as the
    process itself. external_id: what that role's trust policy may ask for."""

    region: str | None = None
    role_arn: str | None = None
    external_id: str | None = None

    @classmethod
    def of(cls, attributes: Mapping[str, str], external_id: str | None = None) -> Self:
        """The scope an inventory was read in, from its attributes `cloud.region` and `repave.aws.role_arn`; an empty or
        absent one says nothing."""
        return cls(attributes.get("cloud.region") or None, attributes.get("repave.aws.role_arn") or None, external_id)


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long and how often. connect_seconds, answer_seconds: until a connection, and between two pieces of an answer.
    read_seconds, mutation_seconds: for one call as a whole, retries included. attempts: of a read, or of a throttled
    mutation. pages: of one listing."""

    connect_seconds: float = 2.0
    answer_seconds: float = 6.0
    read_seconds: float = 20.0
    mutation_seconds: float = 10.0
    attempts: int = 3
    pages: int = 200


class Aws:
    """Clients for every service, region and role, made at first use and shared. Close with `aclose`.

    budgets: what reads may take of each account's quota, and what they took and waited.
    """

    def __init__(self, clock: Clock, bounds: Bounds = Bounds()) -> None:
        self._clock = clock
        self._bounds = bounds
        self._config = aws_session.config(connect_seconds=bounds.connect_seconds, read_seconds=bounds.answer_seconds)
        self._session = aws_session.session(_refuse_unlisted)
        self._lock = asyncio.Lock()
        self._stack = AsyncExitStack()
        self._roles: dict[tuple[str, str | None], Any] = {}
        self._clients: dict[tuple[str, str, str | None, str | None], Any] = {}
        self.budgets = Budgets(clock, share_of(os.environ))

    @property
    def clock(self) -> Clock:
        """The clock it waits by, for whoever has to wait between two reads."""
        return self._clock

    async def read(self, scope: AwsScope, service: str, operation: str, **parameters: Any) -> Mapping[str, Any]:
        """One answer to one of READS, `operation` as AWS spells it.

        Raises ForbiddenCall for anything else, and PlatformError after the last attempt.
        """
        _demand(READS, service, operation)
        return await self._call(scope, service, operation, parameters, mutation=False)

    async def pages(
        self, scope: AwsScope, service: str, operation: str, **parameters: Any
    ) -> AsyncIterator[Mapping[str, Any]]:
        """Every page of one of READS, each tried as `read` tries it.

        Raises what `read` raises, and Permanent when the pages do not come to an end.
        """
        call = f"{service}.{operation}"
        for _ in range(self._bounds.pages):
            page = await self.read(scope, service, operation, **parameters)
            yield page
            token_in, token_out = self._page_tokens(service, operation)
            token = page.get(token_out)
            if not token:
                return
            if token == parameters.get(token_in):
                raise Permanent(f"{call}: the same page came twice", call=call, code="same_page")
            parameters[token_in] = token
        raise Permanent(f"{call}: more than {self._bounds.pages} pages", call=call, code="too_many_pages")

    async def mutate(self, scope: AwsScope, service: str, operation: str, **parameters: Any) -> Mapping[str, Any]:
        """Make one of MUTATIONS, once; only a throttled one, of which AWS did nothing, is tried again.

        Raises ForbiddenCall for anything else, and PlatformError, with `perhaps` when it may have happened.
        """
        _demand(MUTATIONS, service, operation)
        return await self._call(scope, service, operation, parameters, mutation=True)

    async def aclose(self) -> None:
        """Close every client."""
        async with self._lock:
            self._clients.clear()
            await self._stack.aclose()

    async def _call(
        self, scope: AwsScope, service: str, operation: str, parameters: Mapping[str, Any], *, mutation: bool
    ) -> Mapping[str, Any]:
        bounds = self._bounds
        await self._take_turn(scope, service, operation, mutation=mutation)
        once = partial(self._timed, scope, service, operation, parameters, mutation=mutation)
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(Throttled if mutation else Transient),
            stop=stop_after_attempt(bounds.attempts),
            wait=wait_exponential(multiplier=0.25, max=1.5) + wait_random(0, 0.5),
            sleep=self._clock.sleep,
            reraise=True,
        )
        try:
            async with asyncio.timeout(bounds.mutation_seconds if mutation else bounds.read_seconds):
                return await retrying(once)
        except TimeoutError as error:
            raise translate(error, f"{service}.{operation}", mutation=mutation) from None

    async def _take_turn(self, scope: AwsScope, service: str, operation: str, *, mutation: bool) -> None:
        """Before the time for the call itself begins to run."""
        account, region = account_of(scope.role_arn), aws_session.region(self._session, scope.region) or ""
        if mutation:
            self.budgets.mutation(account, region, service)
        else:
            await self.budgets.read(account, region, service, operation)

    async def _timed(
        self, scope: AwsScope, service: str, operation: str, parameters: Mapping[str, Any], *, mutation: bool
    ) -> Mapping[str, Any]:
        with lap(self._clock, f"{service}.{operation}", is_call=True):
            return await self._once(scope, service, operation, parameters, mutation=mutation)

    async def _once(
        self, scope: AwsScope, service: str, operation: str, parameters: Mapping[str, Any], *, mutation: bool
    ) -> Mapping[str, Any]:
        try:
            client = await self._client(scope, service)
            answer: Mapping[str, Any] = await getattr(client, xform_name(operation))(**parameters)
            return answer
        except RepaveError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a broken answer makes the SDK raise
            # The SDK's exception is left behind: its text may quote a session token.
            raise translate(error, f"{service}.{operation}", mutation=mutation) from None

    async def _client(self, scope: AwsScope, service: str) -> Any:
        """The shared client. One that could not get credentials is not kept: they may come."""
        region = aws_session.region(self._session, scope.region)
        if not region:
            raise NoRegionError
        key = (service, region, scope.role_arn, scope.external_id)
        async with self._lock:
            if key not in self._clients:
                session = self._session_for(scope, region)
                if await session.get_credentials() is None:
                    raise NoCredentialsError
                made = session.create_client(service, region_name=region, config=self._config)
                self._clients[key] = await self._stack.enter_async_context(made)
            return self._clients[key]

    def _session_for(self, scope: AwsScope, region: str) -> Any:
        if scope.role_arn is None:
            return self._session
        role = (scope.role_arn, scope.external_id)
        if role not in self._roles:
            sts = {"region_name": region, "config": self._config}
            self._roles[role] = aws_session.session_as(self._session, _refuse_unlisted, *role, **sts)
        return self._roles[role]

    def _page_tokens(self, service: str, operation: str) -> tuple[str, str]:
        """The names of the token in the request and in the answer, from AWS's own model."""
        loader = self._session.get_component("data_loader")
        model = loader.load_service_model(service, "paginators-1")["pagination"][operation]
        return model["input_token"], model["output_token"]


def _demand(listed: frozenset[str], service: str, operation: str) -> None:
    name = f"{service}:{operation}"
    if name not in listed:
        kind = "reads" if listed is READS else "mutations"
        raise ForbiddenCall(f"{name} is not on the list of {kind}")


def _refuse_unlisted(name: str) -> None:
    """The last line of defence: asked by the SDK itself before a request is made, whoever made the client."""
    if name not in READS | MUTATIONS | aws_session.CREDENTIAL_CALLS:
        raise ForbiddenCall(f"{name} is on neither the list of reads nor the list of mutations")
