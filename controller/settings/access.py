"""Where the daemon may listen, and whom it lets in."""

from controller.settings.address import Listen
from controller.settings.located import Located
from controller.settings.models import ApiSection
from controller.settings.problems import Problems
from controller.settings.sign_in import published_keys
from controller.settings.specs import SignedIn


def check_listen(listen: Listen, api: ApiSection, tree: Located, problems: Problems) -> None:
    """Note an address that others can reach while nobody has to say who they are."""
    if not listen.loopback and not api.tokens and api.oidc is None:
        problems.add(
            tree.find(("listen",)).spot,
            "'listen' must be a loopback address such as 127.0.0.1:8080 for as long as 'api' has neither 'tokens' nor "
            "the 'oidc' of a load balancer: without them anybody who reaches it could read everything.",
        )


def signed_in(api: ApiSection, tree: Located, problems: Problems) -> SignedIn | None:
    """Whose word is taken for who signed in; None for nobody's. Notes a load balancer whose keys nobody can find."""
    oidc = api.oidc
    if oidc is None:
        return None
    keys_url = oidc.keys_url or published_keys(oidc.load_balancer)
    if keys_url is None:
        at = tree.find(("api", "oidc", "load_balancer")).spot
        problems.add(at, "where this load balancer's keys are published is not known: say 'keys_url' beside it.")
        return None
    return SignedIn(oidc.load_balancer, oidc.issuer, oidc.client_id, oidc.claim, oidc.may, keys_url)
