"""Terraform without a registry: `.venv/bin/python tools/terraform_offline -chdir=deploy/terraform validate`.

Runs the real terraform with its usual arguments. The AWS provider is the schema of one, served by `provider.py` out of
`.venv-deploy` (see tools/deploy_tools.sh). `init` finds it in a filesystem mirror below CACHE, held to its version like
any other; every other command is told of one that runs already, because terraform would start it a hundred times.
fmt, init, validate, and test with mock_provider work; what would speak to AWS does not.
"""

import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from package import CACHE, PROVIDER_VERSION, ROOT, schema_file, write_whole

PYTHON = ROOT / ".venv-deploy" / "bin" / "python"
PROVIDER = ROOT / "tools" / "terraform_offline" / "provider.py"
ADDRESS = "registry.terraform.io/hashicorp/aws"
MACHINES = {"x86_64": "amd64", "AMD64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
CLI_CONFIG = """\
provider_installation {{
  filesystem_mirror {{
    path = "{mirror}"
  }}
}}
"""
LAUNCHER = """\
#!/bin/sh
HOME='{cache}' exec '{python}' '{provider}' "$@"
"""


def environment() -> dict[str, str]:
    """Lay the mirror out; the environment with which terraform finds it, without the user's own settings of Terraform
    and AWS."""
    if not PYTHON.exists():
        raise SystemExit("terraform offline: the deploy tools are not set up: run tools/deploy_tools.sh")
    machine = f"{platform.system().lower()}_{MACHINES.get(platform.machine(), platform.machine())}"
    launcher = (
        CACHE / "mirror" / ADDRESS / PROVIDER_VERSION / machine / f"terraform-provider-aws_v{PROVIDER_VERSION}_x5"
    )
    write_whole(launcher, LAUNCHER.format(cache=CACHE, python=PYTHON, provider=PROVIDER).encode(), mode=0o755)
    config = CACHE / "terraform.rc"
    write_whole(config, CLI_CONFIG.format(mirror=CACHE / "mirror").encode())
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TF_", "AWS_"))}
    return kept | {
        "CHECKPOINT_DISABLE": "1",
        "OFFLINE_SCHEMA": str(schema_file(ROOT / "deploy" / "terraform")),
        "TF_CLI_CONFIG_FILE": str(config),
        "TF_IN_AUTOMATION": "1",
    }


@contextmanager
def running(environment: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """The provider as a process of its own while the block lasts; the environment that tells terraform of it."""
    command = [str(PYTHON), "-u", str(PROVIDER), "--dev"]
    own = {**environment, "HOME": str(CACHE)}
    with subprocess.Popen(command, env=own, stdout=subprocess.PIPE, text=True) as provider:
        assert provider.stdout is not None
        try:
            for line in provider.stdout:
                if found := re.search(r"TF_REATTACH_PROVIDERS='(.*)'", line):
                    yield {**environment, "TF_REATTACH_PROVIDERS": found[1]}
                    return
            raise SystemExit("terraform offline: the provider did not start")
        finally:
            provider.terminate()


def main(arguments: list[str]) -> int:
    """Run terraform once; its exit code."""
    terraform = shutil.which("terraform")
    if terraform is None:
        raise SystemExit("terraform offline: terraform itself is not installed; 1.11 or newer is needed")
    asked = next((word for word in arguments if not word.startswith("-")), "")
    if asked in ("fmt", "init", "version", ""):
        return subprocess.run([terraform, *arguments], env=environment(), check=False).returncode
    with running(environment()) as told:
        return subprocess.run([terraform, *arguments], env=told, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
