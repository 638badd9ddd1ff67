"""dragoman auth: stores keys after asking their providers about them, and shows where they are. Never shows a key."""

import typer

from dragoman.cli import auth_login, auth_show
from dragoman.cli.output import out


def build() -> typer.Typer:
    """The subcommands."""
    app = typer.Typer(rich_markup_mode=None, no_args_is_help=False)
    app.callback(invoke_without_command=True, epilog="Example: dragoman auth login anthropic")(_root)
    app.command("login", epilog="Example: pass show anthropic | dragoman auth login anthropic --stdin")(
        auth_login.login
    )
    app.command("status", epilog="Example: dragoman auth status --json")(auth_show.status)
    app.command("list", epilog="Example: dragoman auth list")(auth_show.list_keys)
    app.command("logout", epilog="Example: dragoman auth logout anthropic")(auth_login.logout)
    app.command("rotate", epilog="Example: dragoman auth rotate anthropic")(auth_login.rotate)
    return app


def _root(context: typer.Context) -> None:
    """Store, check, replace and delete keys."""
    if context.invoked_subcommand is None:
        out(context.get_help())
