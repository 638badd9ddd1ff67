"""The `dragoman` command. `dragoman lsp` goes its own short way: an editor waits, so it imports no terminal library."""

from __future__ import annotations

import sys

_WITH_VALUE = ("--set", "--log-level")
_FLAGS = ("--log-content",)


def main() -> int:
    """Run what the command line says; returns the exit code."""
    options, rest = split_options(sys.argv[1:])
    if rest[:1] == ["lsp"]:
        from dragoman.cli.lsp import run_lsp

        return run_lsp([*options, *rest[1:]])
    from dragoman.cli.commands import run_commands

    return run_commands([*options, *rest])


def split_options(arguments: list[str]) -> tuple[list[str], list[str]]:
    """The options that every command takes, wherever they stand, and everything else."""
    options: list[str] = []
    rest: list[str] = []
    words = iter(arguments)
    for word in words:
        if word == "--":
            rest += [word, *words]
        elif word in _WITH_VALUE:
            options += [word, *(value for value in [next(words, None)] if value is not None)]
        elif word in _FLAGS or word.startswith(tuple(f"{name}=" for name in _WITH_VALUE)):
            options.append(word)
        else:
            rest.append(word)
    return options, rest


if __name__ == "__main__":
    sys.exit(main())
