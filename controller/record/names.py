"""Every attribute name that a span of ours may carry.

Stable names come from the semantic conventions' own package. Those that are still in development there (cloud, host,
user, rpc) are copied as text, because that package moves them between releases. Ours start with `repave.`.
"""

from opentelemetry.semconv.attributes import error_attributes

ERROR_TYPE = error_attributes.ERROR_TYPE
OTHER_ERROR = error_attributes.ErrorTypeValues.OTHER.value
"""The conventions' own word for an error that has no type."""

CLOUD_AVAILABILITY_ZONE = "cloud.availability_zone"
CLOUD_PROVIDER = "cloud.provider"
CLOUD_REGION = "cloud.region"
CONTAINER_ID = "container.id"
HOST_ID = "host.id"
HOST_IMAGE_ID = "host.image.id"
RPC_METHOD = "rpc.method"
RPC_SERVICE = "rpc.service"
RPC_SYSTEM = "rpc.system"
USER_NAME = "user.name"

AWS_API = "aws-api"
"""`rpc.system` of a call through an AWS SDK; its span is named `service.Operation`."""

STANDARD = ("aws.", "cloud.", "container.", "deployment.", "host.", "k8s.", "os.", "service.")
"""Namespaces of the conventions that a platform may fill in for its instances."""

CAUSE = "repave.cause"
CALL_ARGUMENTS = "repave.call.arguments"
CALL_ORDINAL = "repave.call.ordinal"
CALL_OUTCOME = "repave.call.outcome"
CALL_RESULT = "repave.call.result"
CONFIG_HASH = "repave.config.hash"
CONFIG_VERSION = "repave.config.version"
CONTINUED = "repave.continued"
DESIRED = "repave.desired"
FLEET = "repave.fleet"
GROUP = "repave.group"
INSTANCE = "repave.instance.id"
LEFT_BEHIND = "repave.left_behind"
MODE = "repave.mode"
OUTCOME = "repave.outcome"
PLATFORM = "repave.platform"
POLICY_HASH = "repave.policy.hash"
POLLS = "repave.polls"
PREDECESSOR_ID = "repave.predecessor.id"
PROBE = "repave.probe"
REASON = "repave.reason"
REPLACEMENT_ID = "repave.replacement.id"
REQUEST_ID = "repave.request.id"
REQUEST_REASON = "repave.request.reason"
RULE = "repave.rule"
RULES = "repave.rules"
SEGMENT = "repave.segment"
SERVING = "repave.serving"
STARTED_AT = "repave.started_at"
SUCCESSOR_ID = "repave.successor.id"
TICK_COUNTS = "repave.tick.count."
TICK_OUTCOME = "repave.tick.outcome"
TICK_PARTS_CUT = "repave.tick.parts.cut"
TICK_SENTENCE = "repave.tick.sentence"
URGENT = "repave.urgent"
VERDICT = "repave.verdict"
VERIFICATION = "repave.verification"
VETOES = "repave.vetoes"
