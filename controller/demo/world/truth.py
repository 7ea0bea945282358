"""What is really so, per group: the lines of the wire log from which a test judges that capacity never fell."""

from collections import defaultdict

from controller.demo.world.balancer import WorldBalancer
from controller.demo.world.members import IN_SERVICE, Member, WorldGroup
from controller.demo.world.scaling import WorldAutoScaling


class Truth:
    """Looks at the groups and notices changes."""

    def __init__(self, scaling: WorldAutoScaling, balancer: WorldBalancer) -> None:
        self._scaling = scaling
        self._balancer = balancer
        self._last: dict[str, dict[str, object]] = {}

    def changes(self) -> list[dict[str, object]]:
        """The groups that differ from the last call, each as `of` gives it."""
        changed = []
        for group in self._scaling.groups:
            now = self.of(group)
            if self._last.get(group.name) != now:
                self._last[group.name] = now
                changed.append(now)
        return changed

    def of(self, group: WorldGroup) -> dict[str, object]:
        """One group: its bounds, its members by lifecycle state, and the ids of those that serve.

        A member serves when it is InService, its instance runs, and every target group of the group calls it healthy.
        """
        members: dict[str, list[str]] = defaultdict(list)
        for member in group.members:
            members[str(member.lifecycle_state)].append(member.instance_id)
        return {
            "group": group.name,
            "desired": group.desired_capacity,
            "minimum": group.min_size,
            "maximum": group.max_size,
            "members": dict(members),
            "serving": [member.instance_id for member in group.members if self._serves(group, member)],
        }

    def details(self, group: WorldGroup) -> dict[str, object]:
        """The same, each version's image, and each member's zone, version, image, protection and target states."""
        instances = {
            member.instance_id: {
                "state": member.lifecycle_state,
                "health": member.health_status,
                "zone": member.availability_zone,
                "version": member.version,
                "image": member.image_id,
                "protected": bool(member.protected_from_scale_in),
                "targets": self._balancer.states(group.target_group_arns, member.instance_id),
            }
            for member in group.members
        }
        template = group.ec2_launch_template
        images = {version.number: version.image_id for version in template.versions} if template else {}
        about = {"target_groups": list(group.target_group_arns), "images": images}
        return {**self.of(group), **about, "instances": instances}

    def _serves(self, group: WorldGroup, member: Member) -> bool:
        if member.lifecycle_state != IN_SERVICE or member.instance.state != "running":
            return False
        states = self._balancer.states(group.target_group_arns, member.instance_id).values()
        return all(state == "healthy" for state in states)
