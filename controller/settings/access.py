"""Where the daemon may listen."""

from controller.settings.address import Listen
from controller.settings.located import Located
from controller.settings.models import ApiSection
from controller.settings.problems import Problems


def check_listen(listen: Listen, api: ApiSection, tree: Located, problems: Problems) -> None:
    """Note an address that others can reach while nobody needs a token."""
    if not listen.loopback and not api.tokens:
        problems.add(
            tree.find(("listen",)).spot,
            "'listen' must be a loopback address such as 127.0.0.1:8080 for as long as 'api' has no 'tokens': "
            "without them anybody who reaches it could read everything.",
        )
