"""`assets`: the models the program needs and fetches once."""

from __future__ import annotations

from typing import Annotated

import typer

assets = typer.Typer(no_args_is_help=True, help="The models the program needs: list, fetch, verify.")

Names = Annotated[list[str] | None, typer.Argument(metavar="[NAME...]", help="Models; all if left out.")]


@assets.command("list")
def list_assets() -> None:
    """What each model is for, its licence, and whether it is there."""
    from emotalker.app.cli.console import print_table
    from emotalker.engine.assets import status

    rows = []
    for asset in status():
        state = "there" if asset.path is not None else "missing"
        rows.append([asset.name, state, f"{asset.size / 1e6:.1f} MB", asset.licence, asset.purpose])
    print_table("models", ("name", "state", "#size", "licence", "for"), rows)


@assets.command("fetch")
def fetch_assets(names: Names = None) -> None:
    """Fetch the models that are missing, each checked byte for byte."""
    from emotalker.app.cli.console import say
    from emotalker.app.cli.running import Reporter
    from emotalker.engine.assets import fetch

    with Reporter() as reporter:
        fetch(names or None, reporter.show)
    say("All models asked for are there.")


@assets.command("verify")
def verify_assets(names: Names = None) -> None:
    """Read every model through and compare it with its checksum; missing or damaged ones give exit code 1."""
    from emotalker.app.cli.console import print_table
    from emotalker.engine.assets import asset_names, path, verify
    from emotalker.engine.errors import UserError

    states = {
        name: "good" if verify(name) else ("damaged" if path(name) else "missing") for name in names or asset_names()
    }
    print_table("models", ("name", "state"), [[name, state] for name, state in states.items()])
    bad = [name for name, state in states.items() if state != "good"]
    if bad:
        raise UserError(
            f"{len(bad)} of {len(states)} models are not in order.",
            f"Missing or damaged: {', '.join(bad)}.",
            f"Run: emotalker-cli assets fetch {' '.join(bad)}",
        )
