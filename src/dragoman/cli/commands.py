"""All commands but `lsp` under one typer app, and the edge where every error becomes one line and an exit code.

Exit codes: 0 done; 1 it could not be done, or something is wrong; 2 the command line or its input is wrong; 130 stopped
by Ctrl-C or by whoever read the output.
"""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated

import typer

from dragoman import __version__
from dragoman.cli import auth, cache, config, demo, doctor, providers, route, run, simulate, status, trust, usage, vault
from dragoman.cli.logs import LEVELS, configure_logging
from dragoman.cli.output import fail, out
from dragoman.cli.session import Session
from dragoman.core.errors import BadInput, DragomanError, SettingsError

FAILED, WRONG_INPUT, STOPPED = 1, 2, 130

EXIT_CODES = "Exit codes: 0 done, 1 failed or something is wrong, 2 wrong command line or input, 130 stopped."


def build() -> typer.Typer:
    """The command line's tree."""
    app = typer.Typer(
        name="dragoman",
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(invoke_without_command=True, epilog=f"Example: dragoman demo\n\n{EXIT_CODES}")(_root)
    app.command(context_settings={"ignore_unknown_options": True, "help_option_names": []}, epilog=_LSP_EXAMPLE)(lsp)
    for module in (run, providers, route, status, usage, doctor, trust, demo, simulate):
        app.command(module.NAME, epilog=f"Example: {module.EXAMPLE}")(module.command)
    app.add_typer(auth.build(), name="auth")
    app.add_typer(config.build(), name="config")
    app.add_typer(cache.build(), name="cache")
    app.add_typer(vault.build(), name="vault")
    return app


def run_commands(arguments: Sequence[str]) -> int:
    """Run one command; returns its exit code. Every error becomes one line on stderr."""
    try:
        code = typer.main.get_command(build()).main(list(arguments), prog_name="dragoman", standalone_mode=False)
        sys.stdout.flush()
    except typer.TyperException as error:
        fail(f"{error.format_message()} (`dragoman --help` shows how)")
        return error.exit_code
    except (BadInput, SettingsError) as error:
        fail(str(error))
        return WRONG_INPUT
    except DragomanError as error:
        fail(str(error))
        return FAILED
    except (KeyboardInterrupt, typer.Abort):
        return STOPPED
    except BrokenPipeError:
        return _reader_gone()
    except SystemExit as end:  # typer's own answer to a broken pipe
        return _reader_gone() if isinstance(end.__context__, BrokenPipeError) else WRONG_INPUT
    except OSError as error:
        fail(": ".join(str(part) for part in (error.filename, error.strerror or error) if part))
        return FAILED
    return code if isinstance(code, int) else 0


def _reader_gone() -> int:
    """Nobody reads stdout any more: what is still buffered must not raise again at exit."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return STOPPED


def _version(wanted: bool) -> None:
    if wanted:
        out(f"dragoman {__version__}")
        raise typer.Exit


def _root(
    context: typer.Context,
    assignments: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A setting, over all others; repeatable.")
    ] = None,
    log_level: Annotated[
        str | None, typer.Option(metavar="LEVEL", help=f"One of {', '.join(LEVELS)}; else DRAGOMAN_LOG, else info.")
    ] = None,
    log_content: Annotated[bool, typer.Option("--log-content", help="Log code and prompts too.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """AI code actions for every editor, over many model providers."""
    del version  # answered by its callback
    configure_logging(log_level, content=log_content, for_editor=False)
    context.obj = Session(tuple(assignments or ()))
    if context.invoked_subcommand is None:
        out(context.get_help())


_LSP_EXAMPLE = "Example: dragoman lsp --tcp 127.0.0.1:9257"


def lsp(
    context: typer.Context, arguments: Annotated[list[str] | None, typer.Argument(metavar="[OPTIONS]")] = None
) -> int:
    """The language server, for editors to start. `dragoman lsp --help` shows its options."""
    # `main` takes the short way past all this; the entry is here for the list of commands.
    from dragoman.cli.lsp import run_lsp

    session: Session = context.obj
    return run_lsp([*(word for text in session.assignments for word in ("--set", text)), *(arguments or ())])
