"""Facts about instances and images that never change, asked once: image, birth, names; and the images' birthdays."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from controller.clients.aws import Aws, AwsScope
from controller.domain.errors import PlatformError
from controller.domain.model import Image
from controller.domain.ports import Clock
from controller.platforms.asg.group import Member

MOST_FILTER_VALUES = 200
"""Of one filter, in one request. Asked by filter, an id that EC2 does not know (yet) is left out; asked by id, it makes
the whole call fail."""

MOST_REMEMBERED = 20_000
ASK_AGAIN = timedelta(minutes=10)
"""When to ask again for a date that nobody knew."""

LOOK_AGAIN = timedelta(minutes=15)
"""When to ask again which volumes an instance has: they come and go. After twice as long, what is known is too old."""

EARLIEST = datetime(2006, 8, 25, tzinfo=UTC)
"""EC2's first day. A date before it is a placeholder, and unknown is better than old."""

UNKNOWN_IMAGE = "unknown"


@dataclass(frozen=True, slots=True)
class Birth:
    """What EC2 says of an instance once and for all. names: by which telemetry may know it, beside its id."""

    image_id: str
    launched_at: datetime | None
    private_dns: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one member now. birth: None while EC2 does not know the instance. lasting: the volumes that
    outlive it, and None when that is not known."""

    image: Image
    birth: Birth | None
    lasting: tuple[str, ...] | None = None


class FactCache:
    """The memory, one per process."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.births: dict[str, Birth] = {}
        self.lasting: dict[str, tuple[tuple[str, ...], datetime]] = {}
        self.created: dict[str, datetime] = {}
        self.undated: dict[str, datetime] = {}
        self.template_images: dict[tuple[str, str], str] = {}
        self.without_image_metadata: set[AwsScope] = set()

    async def aclose(self) -> None:
        """There is nothing to close."""


class Facts:
    """Asks EC2 for what is not remembered, in one account and region."""

    def __init__(self, aws: Aws, scope: AwsScope, cache: FactCache) -> None:
        self._aws = aws
        self._scope = scope
        self._cache = cache

    async def of(self, member: Member) -> Known:
        """What is known of one member. What cannot be read now is unknown."""
        await self.learn([member])
        return self.known(member)

    def known(self, member: Member) -> Known:
        """What was learned of a member; an image without a trustworthy date has none, and is not old for it."""
        birth = self._cache.births.get(member.id)
        image_id = birth.image_id if birth else member.image_id or UNKNOWN_IMAGE
        return Known(Image(image_id, self._cache.created.get(image_id)), birth, self._lasting(member.id))

    async def image(self, image_id: str) -> tuple[Image, tuple[str, ...]]:
        """An image with its date, and why the date could not be read, if so."""
        gaps = await self._date({image_id})
        return Image(image_id, self._cache.created.get(image_id)), gaps

    async def learn(self, members: Sequence[Member]) -> tuple[str, ...]:
        """Ask for what is new about these members; returns sentences about what could not be read."""
        gaps = await self._describe([member.id for member in members if self._is_due(member.id)])
        undated = {member.id: image for member in members if (image := self.known(member).image).created_at is None}
        await self._ask_image_metadata(list(undated))
        return gaps + await self._date({image.id for image in undated.values()} - {UNKNOWN_IMAGE})

    async def _describe(self, ids: Sequence[str]) -> tuple[str, ...]:
        try:
            for some in _chunks(ids):
                async for page in self._aws.pages(
                    self._scope, "ec2", "DescribeInstances", Filters=[_filter("instance-id", some)]
                ):
                    for reservation in page["Reservations"]:
                        self._remember(reservation["Instances"])
        except PlatformError as error:
            return (f"instances could not be described, the images and names of new ones are unknown: {error}",)
        return ()

    def _remember(self, entries: Iterable[Any]) -> None:
        births, lasting = self._cache.births, self._cache.lasting
        for entry in entries:
            births[entry["InstanceId"]] = _birth(entry)
            lasting[entry["InstanceId"]] = (_lasting(entry), self._cache.clock.now())
        while len(births) > MOST_REMEMBERED:
            oldest = next(iter(births))
            del births[oldest], lasting[oldest]

    async def lasting_volumes(self, instance_id: str) -> tuple[str, ...]:
        """The volumes that outlive an instance, asked now. Raises PlatformError when that cannot be told."""
        answer = await self._aws.read(
            self._scope, "ec2", "DescribeInstances", Filters=[_filter("instance-id", [instance_id])]
        )
        for reservation in answer["Reservations"]:
            self._remember(reservation["Instances"])
            return tuple(volume for entry in reservation["Instances"] for volume in _lasting(entry))
        return ()

    def _is_due(self, instance_id: str) -> bool:
        age = self._age(instance_id)
        return age is None or age >= LOOK_AGAIN

    def _lasting(self, instance_id: str) -> tuple[str, ...] | None:
        age = self._age(instance_id)
        return None if age is None or age > 2 * LOOK_AGAIN else self._cache.lasting[instance_id][0]

    def _age(self, instance_id: str) -> timedelta | None:
        known = self._cache.lasting.get(instance_id)
        return self._cache.clock.now() - known[1] if known else None

    async def _ask_image_metadata(self, ids: Sequence[str]) -> None:
        """Dates of the images that instances run, even of deregistered ones. Where this is not served or not allowed,
        which is remembered, DescribeImages has to do."""
        wanted = [instance_id for instance_id in ids if not self._asked_lately(self._image_id(instance_id))]
        if self._scope in self._cache.without_image_metadata:
            return
        try:
            for some in _chunks(wanted):
                async for page in self._aws.pages(
                    self._scope, "ec2", "DescribeInstanceImageMetadata", Filters=[_filter("instance-id", some)]
                ):
                    images = (entry.get("ImageMetadata") or {} for entry in page["InstanceImageMetadata"])
                    self._remember_dates(images)
        except PlatformError as error:
            if not error.retryable:
                self._cache.without_image_metadata.add(self._scope)

    async def _date(self, image_ids: Iterable[str]) -> tuple[str, ...]:
        wanted = sorted(i for i in image_ids if i not in self._cache.created and not self._asked_lately(i))
        try:
            for some in _chunks(wanted):
                answer = await self._aws.read(
                    self._scope,
                    "ec2",
                    "DescribeImages",
                    Filters=[_filter("image-id", some)],
                    IncludeDeprecated=True,
                    IncludeDisabled=True,
                )
                self._remember_dates(answer["Images"])
        except PlatformError as error:
            return (f"the dates of images {', '.join(wanted)} could not be read: {error}",)
        now = self._cache.clock.now()
        self._cache.undated |= {image_id: now for image_id in wanted if image_id not in self._cache.created}
        return ()

    def _remember_dates(self, images: Iterable[Any]) -> None:
        for image in images:
            created_at = _date(image.get("CreationDate"))
            if created_at is not None and image.get("ImageId"):
                self._cache.created[image["ImageId"]] = created_at

    def _image_id(self, instance_id: str) -> str:
        birth = self._cache.births.get(instance_id)
        return birth.image_id if birth else UNKNOWN_IMAGE

    def _asked_lately(self, image_id: str) -> bool:
        asked_at = self._cache.undated.get(image_id)
        return asked_at is not None and self._cache.clock.now() - asked_at < ASK_AGAIN


def _chunks(values: Sequence[str]) -> Iterator[Sequence[str]]:
    return (values[start : start + MOST_FILTER_VALUES] for start in range(0, len(values), MOST_FILTER_VALUES))


def _filter(name: str, values: Iterable[str]) -> dict[str, Any]:
    return {"Name": name, "Values": list(values)}


def _birth(entry: Any) -> Birth:
    private_dns = entry.get("PrivateDnsName") or ""
    return Birth(
        image_id=entry.get("ImageId") or UNKNOWN_IMAGE,
        launched_at=entry.get("LaunchTime"),
        private_dns=private_dns,
        names=tuple(dict.fromkeys(_names(private_dns, entry))),
    )


def _lasting(entry: Any) -> tuple[str, ...]:
    """The attached EBS volumes that a termination leaves behind."""
    volumes = (mapping.get("Ebs") or {} for mapping in entry.get("BlockDeviceMappings") or ())
    return tuple(
        volume.get("VolumeId") or "a volume" for volume in volumes if volume.get("DeleteOnTermination") is False
    )


def _names(private_dns: str, entry: Any) -> Iterator[str]:
    """The private DNS name, the host name in it, and the addresses."""
    if private_dns:
        yield private_dns
        yield private_dns.partition(".")[0]
    for key in ("PrivateIpAddress", "PublicDnsName", "PublicIpAddress", "Ipv6Address"):
        if entry.get(key):
            yield entry[key]


def _date(text: str | None) -> datetime | None:
    """EC2's CreationDate (`2026-09-01T00:00:00.000Z`); None when it is absent, unreadable or a placeholder."""
    try:
        created_at = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    created_at = created_at if created_at.tzinfo else created_at.replace(tzinfo=UTC)
    return created_at if created_at >= EARLIEST else None
