#!/usr/bin/env python3
"""Writes deploy/ecs/*.json from the Terraform module: `python tools/ecs_json.py`.

What terraform would give to AWS is read from the state of tests/plain.tftest.hcl, and written in the words of the ECS
API: for people who register a task definition and a service by hand.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PLACE = ROOT / "deploy" / "ecs"
MODULE = ROOT / "deploy" / "terraform"

# What the API has no word for, or answers itself.
NOT_SAID = {
    "arn",
    "arn_without_revision",
    "container_definitions",
    "id",
    "name",
    "network_configuration",
    "region",
    "revision",
    "runtime_platform",
    "tags",
    "tags_all",
    "task_definition",
    "wait_for_steady_state",
}
TASK = {
    "family": "family",
    "requires_compatibilities": "requiresCompatibilities",
    "network_mode": "networkMode",
    "cpu": "cpu",
    "memory": "memory",
    "task_role_arn": "taskRoleArn",
    "execution_role_arn": "executionRoleArn",
}
SERVICE = {
    "cluster": "cluster",
    "desired_count": "desiredCount",
    "launch_type": "launchType",
    "platform_version": "platformVersion",
    "availability_zone_rebalancing": "availabilityZoneRebalancing",
    "enable_execute_command": "enableExecuteCommand",
    "enable_ecs_managed_tags": "enableECSManagedTags",
    "propagate_tags": "propagateTags",
}
DEPLOYMENT = {
    "deployment_minimum_healthy_percent": "minimumHealthyPercent",
    "deployment_maximum_percent": "maximumPercent",
}


def terraform(module: Path, *arguments: str) -> str:
    """What terraform prints."""
    command = [sys.executable, str(ROOT / "tools/terraform_offline"), f"-chdir={module}", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{done.stdout}{done.stderr}")
    return done.stdout


def resources(module: Path) -> dict[str, dict[str, Any]]:
    """The values of each resource that the module creates in that test, by type."""
    if not (module / ".terraform").exists():
        terraform(module, "init", "-input=false")
    told = terraform(module, "test", "-json", "-verbose", "-filter=tests/plain.tftest.hcl")
    lines = [json.loads(line) for line in told.splitlines()]
    state = next(line["test_state"] for line in lines if line["type"] == "test_state")
    return {one["type"]: one["values"] for one in state["root_module"]["resources"] if one["mode"] == "managed"}


def said(values: dict[str, Any], *words: dict[str, str]) -> None:
    """Refuse what terraform would say to AWS and these files would not."""
    known = NOT_SAID.union(*words, {"deployment_circuit_breaker"})
    lost = sorted(name for name, value in values.items() if value not in (None, [], {}) and name not in known)
    if lost:
        raise SystemExit(f"tools/ecs_json.py does not know how to write {', '.join(lost)}")


def tags(values: dict[str, Any]) -> list[dict[str, str]]:
    """As the ECS API has them."""
    return [{"key": key, "value": value} for key, value in sorted(values["tags"].items())]


def task_definition(values: dict[str, Any]) -> dict[str, Any]:
    """The input of RegisterTaskDefinition."""
    said(values, TASK)
    platform = values["runtime_platform"][0]
    return {
        **{word: values[name] for name, word in TASK.items()},
        "runtimePlatform": {
            "operatingSystemFamily": platform["operating_system_family"],
            "cpuArchitecture": platform["cpu_architecture"],
        },
        "containerDefinitions": json.loads(values["container_definitions"]),
        "tags": tags(values),
    }


def service(values: dict[str, Any], family: str) -> dict[str, Any]:
    """The input of CreateService; the newest revision of the family is taken."""
    said(values, SERVICE, DEPLOYMENT)
    network, breaker = values["network_configuration"][0], values["deployment_circuit_breaker"][0]
    return {
        "serviceName": values["name"],
        "taskDefinition": family,
        **{word: values[name] for name, word in SERVICE.items()},
        "deploymentConfiguration": {
            **{word: values[name] for name, word in DEPLOYMENT.items()},
            "deploymentCircuitBreaker": {"enable": breaker["enable"], "rollback": breaker["rollback"]},
        },
        "networkConfiguration": {
            "awsvpcConfiguration": {
                "subnets": network["subnets"],
                "securityGroups": network["security_groups"],
                "assignPublicIp": "ENABLED" if network["assign_public_ip"] else "DISABLED",
            }
        },
        "tags": tags(values),
    }


def documents(module: Path = MODULE) -> dict[str, str]:
    """The text of each file, by name."""
    found = resources(module)
    task = task_definition(found["aws_ecs_task_definition"])
    files = {"task-definition.json": task, "service.json": service(found["aws_ecs_service"], task["family"])}
    return {name: json.dumps(content, indent=2) + "\n" for name, content in files.items()}


if __name__ == "__main__":
    for name, text in documents().items():
        (PLACE / name).write_text(text, encoding="utf-8")
