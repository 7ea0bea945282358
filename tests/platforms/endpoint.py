"""The groups of a test behind a real socket, in AWS's own wire format (by botocore's service models)."""

import re
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from aiohttp import web
from botocore.model import ServiceModel

from tests.clients.fake_aws import LOADER, error
from tests.platforms.groups import FakeGroup, Refusal, Row

API_OF = {"autoscaling": "autoscaling", "ec2": "ec2", "elasticloadbalancing": "elbv2"}
WRITES = ("Set", "Launch", "Terminate", "Register", "Deregister")


@dataclass
class Endpoint:
    """Answers the operations that the platform makes. asked: every operation in order, with its parameters.

    refusals: errors by operation, served instead of an answer. broken: operations that take effect and then answer
    with an error, once. tags, volumes: EC2's own, by instance id. old_answers: a group's document as it was, told
    instead of what is. image_dates: CreationDate by image id.
    """

    groups: dict[str, FakeGroup] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    refusals: dict[str, tuple[int, str]] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    old_answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    image_dates: dict[str, str] = field(default_factory=dict)
    template_images: dict[str, str] = field(default_factory=lambda: {"1": "ami-old", "2": "ami-new"})
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    volumes: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    refreshes: dict[str, list[str]] = field(default_factory=dict)
    schedule: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""

    def count(self, operation: str) -> int:
        return sum(name == operation for name, _ in self.asked)

    @property
    def writes(self) -> list[str]:
        return [name for name, _ in self.asked if name.startswith(WRITES)]

    def row(self, instance_id: str) -> tuple[FakeGroup, Row]:
        for group in self.groups.values():
            if instance_id in group.rows:
                return group, group.rows[instance_id]
        raise Refusal("ValidationError", f"Instance Id not found - No managed instance found: {instance_id}")

    async def handle(self, request: web.Request) -> web.Response:
        form = dict(parse_qsl(await request.text()))
        operation, _ = form.pop("Action"), form.pop("Version")
        scope = re.search(r"/eu-west-1/(\w+)/", request.headers["Authorization"])
        assert scope is not None
        self.asked.append((operation, form))
        if operation in self.refusals:
            status, code = self.refusals[operation]
            return web.Response(status=status, text=error(code, "told to", ec2=scope[1] == "ec2"))
        try:
            answer = getattr(self, operation)(form)
        except Refusal as refusal:
            return web.Response(status=400, text=error(refusal.code, str(refusal), ec2=scope[1] == "ec2"))
        if operation in self.broken:
            self.broken.discard(operation)
            return web.Response(status=500, text=error("InternalFailure", "told to", ec2=scope[1] == "ec2"))
        return web.Response(text=render(API_OF[scope[1]], operation, answer), content_type="text/xml")

    # --- Auto Scaling ------------------------------------------------------------------------------------------------

    def DescribeAutoScalingGroups(self, form: dict[str, str]) -> dict[str, Any]:  # noqa: N802 - AWS's names
        names = _list(form, "AutoScalingGroupNames")
        tags = dict(zip(_some(form, r"Filters\.member\.\d+\.Name"), _some(form, r".*\.Values\.member\.1"), strict=True))
        asked = [group for group in self.groups.values() if not names or group.name in names]
        found = [self.old_answers.get(group.name) or group.document() for group in asked]
        wanted = {key.removeprefix("tag:"): value for key, value in tags.items()}
        return {
            "AutoScalingGroups": [
                document
                for document in found
                if wanted.items() <= {tag["Key"]: tag["Value"] for tag in document["Tags"]}.items()
            ]
        }

    def SetDesiredCapacity(self, form: dict[str, str]) -> dict[str, Any]:  # noqa: N802
        assert form["HonorCooldown"] == "false"
        self.groups[form["AutoScalingGroupName"]].set_desired(int(form["DesiredCapacity"]))
        return {}

    def TerminateInstanceInAutoScalingGroup(self, form: dict[str, str]) -> dict[str, Any]:  # noqa: N802
        group, row = self.row(form["InstanceId"])
        group.terminate(row.id, form["ShouldDecrementDesiredCapacity"] == "true")
        return {}

    def LaunchInstances(self, form: dict[str, str]) -> dict[str, Any]:  # noqa: N802
        assert (form["RequestedCapacity"], form["RetryStrategy"]) == ("1", "none")
        group, token = self.groups[form["AutoScalingGroupName"]], form["ClientToken"]
        ids, error = group.launch_instances(form["AvailabilityZones.member.1"], token)
        errors = [{"ErrorCode": error, "ErrorMessage": "told to"}] if error else []
        return {"ClientToken": token, "Instances": [{"InstanceIds": ids}] if ids else [], "Errors": errors}

    def SetInstanceProtection(self, form: dict[str, str]) -> dict[str, Any]:  # noqa: N802
        group = self.groups[form["AutoScalingGroupName"]]
        for instance_id in _list(form, "InstanceIds"):
            group.protect(instance_id, form["ProtectedFromScaleIn"] == "true")
        return {}

    def DescribeScalingActivities(self, form: dict[str, str]) -> dict[str, Any]:  # noqa: N802
        return {"Activities": self.groups[form["AutoScalingGroupName"]].activities}

    def DescribeScheduledActions(self, form: dict[str, str]) -> dict[str, Any]:  # noqa: N802
        return {"ScheduledUpdateGroupActions": self.schedule}

    def DescribeInstanceRefreshes(self, form: dict[str, str]) -> dict[str, Any]:  # noqa: N802
        name = form["AutoScalingGroupName"]
        return {"InstanceRefreshes": [{"InstanceRefreshId": "r", "Status": s} for s in self.refreshes.get(name, [])]}

    # --- target groups -----------------------------------------------------------------------------------------------

    def DescribeTargetHealth(self, form: dict[str, str]) -> dict[str, Any]:  # noqa: N802
        arn = form["TargetGroupArn"]
        rows = [row for group in self.groups.values() for row in group.rows.values() if arn in row.targets]
        return {
            "TargetHealthDescriptions": [
                {"Target": {"Id": row.id, "Port": 80}, "TargetHealth": {"State": row.targets[arn]}} for row in rows
            ]
        }

    def RegisterTargets(self, form: dict[str, str]) -> dict[str, Any]:  # noqa: N802
        group, row = self.row(form["Targets.member.1.Id"])
        group.register(form["TargetGroupArn"], row.id)
        return {}

    def DeregisterTargets(self, form: dict[str, str]) -> dict[str, Any]:  # noqa: N802
        group, row = self.row(form["Targets.member.1.Id"])
        group.deregister(form["TargetGroupArn"], row.id)
        return {}

    # --- EC2 ---------------------------------------------------------------------------------------------------------

    def DescribeInstances(self, form: dict[str, str]) -> dict[str, Any]:  # noqa: N802
        asked = set(_some(form, r"Filter\.1\.Value\.\d+"))
        rows = [row for group in self.groups.values() for row in group.rows.values() if row.id in asked]
        mappings = {row.id: [{"Ebs": volume} for volume in self.volumes.get(row.id, [])] for row in rows}
        described = [_described(row) | {"BlockDeviceMappings": mappings[row.id]} for row in rows]
        return {"Reservations": [{"Instances": [entry]} for entry in described]}

    def DescribeTags(self, form: dict[str, str]) -> dict[str, Any]:  # noqa: N802 - of both, EC2 and Auto Scaling
        if "Filters.member.1.Name" in form:
            (name,) = _some(form, r"Filters\.member\.1\.Values\.member\.\d+")
            tags = self.groups[name].document()["Tags"]
            held = [tag for tag in tags if tag["Key"] == form["Filters.member.2.Values.member.1"]]
            return {"Tags": [{"ResourceId": name, **tag} for tag in held]}
        keys, ids = _some(form, r"Filter\.1\.Value\.\d+"), _some(form, r"Filter\.2\.Value\.\d+")
        found = self.tags.items() if ids == ["instance"] else [(id_, self.tags.get(id_, {})) for id_ in ids]
        return {
            "Tags": [
                {"ResourceId": id_, "Key": key, "Value": value}
                for id_, tags in found
                for key, value in tags.items()
                if key in keys
            ]
        }

    def DescribeInstanceImageMetadata(self, form: dict[str, str]) -> dict[str, Any]:  # noqa: N802
        asked = set(_some(form, r"Filter\.1\.Value\.\d+"))
        rows = [row for group in self.groups.values() for row in group.rows.values() if row.id in asked]
        return {
            "InstanceImageMetadata": [{"InstanceId": row.id, "ImageMetadata": self._image(row.image)} for row in rows]
        }

    def DescribeImages(self, form: dict[str, str]) -> dict[str, Any]:  # noqa: N802
        asked = _some(form, r"Filter\.1\.Value\.\d+")
        return {"Images": [self._image(image) for image in asked if image in self.image_dates]}

    def DescribeLaunchTemplateVersions(self, form: dict[str, str]) -> dict[str, Any]:  # noqa: N802
        asked = form["LaunchTemplateVersion.1"]
        number = asked if asked.isdecimal() else max(self.template_images)
        data = {"ImageId": self.template_images[number]}
        return {"LaunchTemplateVersions": [{"VersionNumber": int(number), "LaunchTemplateData": data}]}

    def _image(self, image: str) -> dict[str, Any]:
        dated = {"CreationDate": self.image_dates[image]} if image in self.image_dates else {}
        return {"ImageId": image, **dated}


def _described(row: Row) -> dict[str, Any]:
    return {
        "InstanceId": row.id,
        "ImageId": row.image,
        "LaunchTime": datetime(2026, 9, 1, tzinfo=UTC),
        "PrivateDnsName": f"ip-{row.id}.eu-west-1.compute.internal",
        "PrivateIpAddress": "10.0.0.1",
    }


def _some(form: dict[str, str], pattern: str) -> list[str]:
    return [value for key, value in form.items() if re.fullmatch(pattern, key)]


def _list(form: dict[str, str], name: str) -> list[str]:
    return _some(form, rf"{name}\.member\.\d+")


@cache
def _model(api: str) -> ServiceModel:
    return ServiceModel(LOADER.load_service_model(api, "service-2"), api)


def render(api: str, operation: str, answer: dict[str, Any]) -> str:
    """An answer as XML: `query` wraps it in a result element, `ec2` does not."""
    shape = _model(api).operation_model(operation).output_shape
    inner = _fields(shape, answer) if shape is not None else ""
    if api != "ec2" and shape is not None:
        inner = f"<{operation}Result>{inner}</{operation}Result>"
    return f'<{operation}Response xmlns="urn:x">{inner}</{operation}Response>'


def _fields(shape: Any, value: dict[str, Any]) -> str:
    return "".join(
        _element(member.serialization.get("name", name), member, value[name])
        for name, member in shape.members.items()
        if value.get(name) is not None
    )


def _element(tag: str, shape: Any, value: Any) -> str:
    writers: dict[str, Callable[[], Iterable[str]]] = {
        "structure": lambda: [_fields(shape, value)],
        "list": lambda: (
            _element(shape.member.serialization.get("name", "member"), shape.member, one) for one in value
        ),
        "boolean": lambda: [str(value).lower()],
        "timestamp": lambda: [f"{value:%Y-%m-%dT%H:%M:%SZ}"],
    }
    inner = "".join(writers.get(shape.type_name, lambda: [escape(str(value))])())
    return f"<{tag}>{inner}</{tag}>"


@asynccontextmanager
async def serve(endpoint: Endpoint) -> AsyncIterator[Endpoint]:
    """Answer on loopback for as long as the context lasts."""
    app = web.Application()
    app.router.add_post("/", endpoint.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    endpoint.url = f"http://{host}:{port}"
    try:
        yield endpoint
    finally:
        await runner.cleanup()
