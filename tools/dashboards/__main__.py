"""Writes every file of deploy/dashboards and deploy/alerts that is generated."""

import argparse
from pathlib import Path

from tools.dashboards.files import files
from tools.dashboards.site import Site

ROOT = Path(__file__).resolve().parents[2]


def arguments() -> argparse.Namespace:
    """What may differ from place to place."""
    parser = argparse.ArgumentParser(prog="python -m tools.dashboards", description=__doc__)
    parser.add_argument("--runbook", default=Site().runbook, help="where docs/runbook.md is read; alerts link to it")
    parser.add_argument(
        "--installation",
        default=",".join(Site().installation),
        help="the labels that tell one installation of Repave from another, such as job,cluster",
    )
    parser.add_argument("--account", type=int, default=0, help="the number of the New Relic account")
    parser.add_argument("--into", type=Path, default=ROOT, help="the folder below which deploy/ is written")
    return parser.parse_args()


def main() -> None:
    """Write them."""
    asked = arguments()
    site = Site(asked.runbook, tuple(asked.installation.split(",")), asked.account)
    for name, text in files(site).items():
        path = asked.into / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(path)


main()
