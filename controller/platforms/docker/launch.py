"""Launch: the successor created beside its predecessor, from what was declared, and started.

A container's name is given once, and the successor's is the replacement's id: whether a create happened is asked by
that name, and a second one cannot happen.
"""

from controller.domain.errors import Permanent, PlatformError
from controller.domain.ports import Done, Progress, Refused, Work
from controller.platforms.docker.crew import Crew, soon, superseded
from controller.platforms.docker.declared import Declared, Wishes, declared
from controller.platforms.docker.declared_networks import endpoints
from controller.platforms.docker.facts import facts_of
from controller.platforms.docker.hand import PULL, START, Hand, Json
from controller.platforms.docker.inspected import FLEET, REPLACEMENT, Inspected
from controller.platforms.docker.names import short_id
from controller.platforms.docker.references import is_bare, tagged

MOST_STARTS = 3
"""After so many starts that failed, a successor will not start."""


async def launch(crew: Crew, work: Work) -> Progress:
    """Done names the successor once it was started."""
    ours, hand = work.replacement, crew.hand(work.replacement)
    predecessor, found = await crew.predecessor(ours), await hand.find(ours.id)
    if found is not None and found.labels.get(REPLACEMENT) != ours.id:
        return Refused(f"{ours.id} is the name of a container that is not ours", "name_taken")
    if predecessor is None:
        return superseded(ours)
    if found is None:
        progress = await _create(crew, work, predecessor)
        if progress is not None:
            return progress
        found = await hand.find(ours.id)
    if found is None:
        return soon(work, f"{ours.id} was created, and is not to be seen yet")
    if found.status == "created":
        progress = await _start(hand, work, predecessor, found)
        if progress is not None:
            return progress
    facts = facts_of(found, await hand.image(found.image_id))
    return Done({"successor": found.short_id, "successor_facts": {"zone": ours.zone, **facts}})


async def _create(crew: Crew, work: Work, predecessor: Inspected) -> Progress | None:
    """Create it; None once it is there."""
    ours, hand = work.replacement, crew.hand(work.replacement)
    was = await hand.image(predecessor.image_id)
    if was is None:
        reason = f"the image of {predecessor.name} is gone: what of its configuration was declared cannot be told"
        return Refused(reason, "image_unknown")
    image = await _image(crew, hand, work, predecessor.reference)
    if isinstance(image, Refused):
        return image
    labels = {REPLACEMENT: ours.id, FLEET: ours.fleet}
    wishes = Wishes(labels, crew.label.partition("=")[0], crew.ports, crew.share_volumes)
    wanted = declared(predecessor.document, was, wishes, str(image["Id"]))
    try:
        await hand.create(work.mutate, ours.id, wanted.body, _told(crew, work, predecessor, wanted, image))
    except Permanent as error:
        if error.code == "conflict":  # a create that a crash cut short got there first: it is looked at again
            return soon(work, str(error))
        raise
    return None


async def _image(crew: Crew, hand: Hand, work: Work, reference: str) -> Json | Refused:
    """The image that the reference means now, pulled where that was asked for and is possible."""
    image, failed = await hand.image(reference), ""
    asked = crew.pull == "always" or (crew.pull == "if_missing" and image is None)
    if asked and not is_bare(reference) and not work.replacement.calls_of(PULL):
        try:
            await hand.pull(work.mutate, tagged(reference))
        except PlatformError as error:
            failed = f"; {error}"
        image = await hand.image(reference)
    return image or Refused(f"the image {reference} is not on the engine{failed}", "image_missing")


async def _start(hand: Hand, work: Work, predecessor: Inspected, found: Inspected) -> Progress | None:
    """Join its further networks, and start it; None once it is started."""
    tried = [call for call in work.replacement.calls_of(START) if call.outcome != "ok"]
    if len(tried) >= MOST_STARTS:
        return Refused(f"{found.name} does not start: {found.ended}", "start_failed")
    for network, endpoint in endpoints(predecessor.document).further.items():
        if network not in found.networks:
            await hand.connect(work.mutate, found, network, endpoint)
    await hand.start(work.mutate, found)
    return None


def _told(crew: Crew, work: Work, predecessor: Inspected, wanted: Declared, image: Json) -> Json:
    """What the intent says: what will be made, and whom it is for, so that it can be told when that one is gone."""
    server = crew.server(work, predecessor)
    return {
        "image": wanted.body["Image"],
        "image_id": short_id(str(image["Id"])),
        "networks": [wanted.body["HostConfig"]["NetworkMode"], *wanted.further],
        "ports": wanted.body["HostConfig"].get("PortBindings") or {},
        "predecessor": {
            "id": predecessor.id,
            "name": predecessor.name,
            "server": server.name,
            "address": server.address,
        },
    }
