"""Images that a launch template names by a parameter (`resolve:ssm:NAME`), which moto takes for their ids."""

from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import InvalidParameterValueError
from moto.ec2.responses import EC2Response
from moto.ssm.models import ssm_backends

ALIAS = "resolve:ssm:"


def named_image(image_id: str, account_id: str, region: str) -> str:
    """The image itself, or the one that its parameter names now."""
    if not image_id.startswith(ALIAS):
        return image_id
    name = image_id.removeprefix(ALIAS)
    parameter = ssm_backends[account_id][region].get_parameter(name)
    if parameter is None:
        raise InvalidParameterValueError(image_id)
    return str(parameter.value)


def install_aliases() -> None:
    """Let DescribeLaunchTemplateVersions resolve them where it is asked to (`ResolveAlias`)."""
    plain: Callable[[EC2Response], ActionResult] = EC2Response.describe_launch_template_versions

    def describe_launch_template_versions(response: EC2Response) -> ActionResult:
        answer = plain(response)
        if not response._get_param("ResolveAlias", False):  # noqa: SLF001 - as moto's own operations read parameters
            return answer
        found: Any = answer.result
        for version in found["LaunchTemplateVersions"]:
            data = version["LaunchTemplateData"]
            image = named_image(data.get("ImageId", ""), response.current_account, response.region)
            version["LaunchTemplateData"] = {**data, "ImageId": image}
        return answer

    setattr(EC2Response, plain.__name__, describe_launch_template_versions)
