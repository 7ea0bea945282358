"""What a container leaves to be seen, kept before it is stopped."""

from typing import Any

from controller.clients.docker import Engine


async def evidence_of(engine: Engine, container_id: str) -> dict[str, Any]:
    """Its end as the engine sees it now: status and exit code."""
    state = (await engine.read("ContainerInspect", f"/containers/{container_id}/json"))["State"]
    return {"status": state["Status"], "exit_code": state.get("ExitCode")}
