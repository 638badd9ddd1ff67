"""Which files patterns are about, as git reads .gitignore, and whose text may go to no model, or to local ones alone.

Pure: texts of ignore files and paths are handed in. No pattern takes long, however hostile: a project that somebody
else wrote brings its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_CLASSES: Mapping[str, str] = MappingProxyType(
    {
        "alnum": "a-zA-Z0-9",
        "alpha": "a-zA-Z",
        "blank": " \\t",
        "digit": "0-9",
        "lower": "a-z",
        "punct": "!-/:-@\\[-`{-~",
        "space": "\\s",
        "upper": "A-Z",
        "xdigit": "0-9A-Fa-f",
    }
)
_NAMED_CLASS = re.compile(r"\[:([a-z]+):\]")
_NOTHING = re.compile(r"(?!)")

Name = re.Pattern[str] | str | None
"""What one name on a path must be: a pattern, the name itself, or None for any number of names (`**`)."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of an ignore file. `folder`: it is about folders alone. `negated`: what it is about is not ignored."""

    names: tuple[Name, ...]
    folder: bool
    negated: bool


Rules = tuple[Rule, ...]
"""The lines of one ignore file; a later one overrules those before."""


def read_rules(text: str) -> Rules:
    """The rules in the text of an ignore file (gitignore(5), "PATTERN FORMAT"). What can match nothing is left out."""
    rules = (_rule(line.removesuffix("\r")) for line in text.removeprefix("\ufeff").split("\n"))
    return tuple(rule for rule in rules if rule is not None)


def verdict(rules: Rules, path: Sequence[str], *, folder: bool) -> bool | None:
    """Whether the rules ignore just this file or folder, by its names from theirs on; None where they say nothing."""
    for rule in reversed(rules):
        if (folder or not rule.folder) and _matches(rule.names, path):
            return not rule.negated
    return None


def ignoring(levels: Sequence[Rules], path: Sequence[str]) -> int | None:
    """Which level ignores the file, or None. A level is a folder's rules, from the outermost to the file's own.

    As in git, the rules that are nearest decide, and nothing inside an ignored folder is taken back. `path` are the
    names from the outermost folder on.
    """
    for length in range(1, len(path) + 1):
        for depth in range(min(length, len(levels)) - 1, -1, -1):
            ignored = verdict(levels[depth], path[depth:length], folder=length < len(path))
            if ignored:
                return depth
            if ignored is not None:
                break
    return None


def covers(rules: Rules, path: Sequence[str]) -> bool:
    """Whether the rules of one list are about the file, or a folder above it."""
    return ignoring((rules,), path) is not None


def listed(patterns: Sequence[str]) -> Rules:
    """The rules of a list that a person has set. Case does not count: `covers` wants the path in small letters."""
    plain = (pattern.casefold().replace("\\", "/").removeprefix("./") for pattern in patterns)
    return read_rules("\n".join(f"\\{pattern}" if pattern.startswith("#") else pattern for pattern in plain))


def holds_secrets(path: Sequence[str]) -> bool:
    """Whether the file is one of those that hold secrets as a rule, whatever ignore files say. Case does not count."""
    *folders, name = (part.casefold() for part in path)
    files, places = _built_in()
    return bool(verdict(files, (*folders, name), folder=False)) or any(
        verdict(places, folders[: n + 1], folder=True) for n in range(len(folders))
    )


@cache
def _built_in() -> tuple[Rules, Rules]:
    return read_rules(WITHHELD_FILES), read_rules(WITHHELD_FOLDERS)


WITHHELD_FILES = """
.env*
*.env
!.env*.example
!.env*.sample
!.env*.template
!.env*.dist
!example.env
!sample.env
!template.env
id_*
!id_*.*
id_rsa*
id_dsa*
id_ecdsa*
id_ed25519*
*.pem
*.key
*.p8
*.p12
*.pfx
*.pkcs12
*.ppk
*.jks
*.bks
*.keystore
*.kdb
*.kdbx
*.gpg
*.pgp
*.ovpn
*.secret
*.secrets
.secrets
credentials
credentials.*
!credentials.[ch]
!credentials.cc
!credentials.cpp
!credentials.cs
!credentials.go
!credentials.java
!credentials.js
!credentials.jsx
!credentials.kt
!credentials.md
!credentials.php
!credentials.py
!credentials.rb
!credentials.rs
!credentials.swift
!credentials.ts
!credentials.tsx
*credentials.json
client_secret*.json
service-account*.json
service_account*.json
secrets.env
secrets.json
secrets.toml
secrets.yaml
secrets.yml
*.tfstate
*.tfstate.*
*.tfvars
.git-credentials
**/.git/config
.netrc
_netrc
.npmrc
.pypirc
.pgpass
.my.cnf
.htpasswd
.dockercfg
**/.docker/config.json
**/.kube/config
kubeconfig
*.kubeconfig
**/.aws/config
.terraformrc
.vault-token
.s3cfg
.boto
rclone.conf
wallet.dat
.*_history
"""
"""Files that hold keys, passwords or tokens as a rule, as patterns in lower case."""

WITHHELD_FOLDERS = """
.ssh/
.gnupg/
.password-store/
.azure/
"""
"""Folders of which no file is sent."""


def _rule(line: str) -> Rule | None:
    if line.startswith("#"):
        return None
    line = _without_trailing_blanks(line)
    negated = line.startswith("!")
    pattern = line[1:] if negated else line
    folder = pattern.endswith("/")
    pattern = pattern.removesuffix("/")
    if not pattern:
        return None
    names: list[Name] = [None if name == "**" else _name(name) for name in pattern.removeprefix("/").split("/")]
    if "/" not in pattern:
        names = [None, _name(pattern)]  # anywhere below
    elif names[-1] is None:
        names.append(re.compile(""))  # what is inside, not the folder itself
    return Rule(tuple(names), folder, negated)


def _without_trailing_blanks(line: str) -> str:
    """Blanks at the end don't count, unless the first of them is escaped."""
    bare = line.rstrip(" ")
    escapes = len(bare) - len(bare.rstrip("\\"))
    return bare + " " if escapes % 2 and bare != line else bare


def _name(glob: str) -> Name:
    """What a name must be. Between two stars the first place that fits is taken for good: so it never takes long."""
    if not re.search(r"[*?\[\\]", glob):
        return glob
    runs, run, at = [], "", 0
    while at < len(glob):
        character = glob[at]
        at += 1
        if character == "*":
            runs.append(run)
            run = ""
        elif character == "?":
            run += "."
        elif character == "[":
            found = _class(glob, at)
            if found is None:
                return _NOTHING
            run, at = run + found[0], found[1]
        else:
            if character == "\\":
                if at == len(glob):
                    return _NOTHING
                character, at = glob[at], at + 1
            run += re.escape(character)
    if not runs:
        return re.compile(rf"(?s:{run})\Z")
    middle = "".join(rf"(?>.*?{part})" for part in runs[1:] if part)
    return re.compile(rf"(?s:{runs[0]}{middle}.*{run})\Z")


def _class(glob: str, at: int) -> tuple[str, int] | None:
    """The class that begins behind this bracket, for `re`, and where it ends; None where it has no end."""
    negated = glob[at : at + 1] in {"!", "^"}
    first = at = at + negated
    inner = ""
    while at < len(glob):
        if glob[at] == "]" and at > first:
            if not inner:  # a range that runs backwards holds nothing
                return ("." if negated else "(?!)"), at + 1
            return f"[{'^' if negated else ''}{inner}]", at + 1
        if named := _NAMED_CLASS.match(glob, at):
            inner, at = inner + _CLASSES.get(named[1], ""), named.end()
            continue
        low, at = _literal(glob, at)
        high = low
        if glob[at : at + 1] == "-" and at + 1 < len(glob) and glob[at + 1] != "]":
            high, at = _literal(glob, at + 1)
        inner += f"{re.escape(low)}-{re.escape(high)}" if low < high else re.escape(low) if low == high else ""
    return None


def _literal(glob: str, at: int) -> tuple[str, int]:
    """The character that stands here, escaped or not, and where the next one is."""
    at += glob[at] == "\\" and at + 1 < len(glob)
    return glob[at], at + 1


def _matches(names: Sequence[Name], path: Sequence[str]) -> bool:
    """Whether the path is just these names. As in a name, the first place that fits is taken for good."""
    if len(names) == 2 and names[0] is None and names[1] is not None:  # as most are: a name, wherever it stands
        return _is(path[-1], names[1])
    name = at = mark = 0
    star: int | None = None
    while at < len(path):
        wanted = names[name] if name < len(names) else ""
        if wanted is None:
            star, mark = name, at
            name += 1
        elif _is(path[at], wanted):
            name, at = name + 1, at + 1
        elif star is not None:
            mark += 1
            name, at = star + 1, mark
        else:
            return False
    return all(wanted is None for wanted in names[name:])


def _is(name: str, wanted: re.Pattern[str] | str) -> bool:
    return name == wanted if isinstance(wanted, str) else wanted.match(name) is not None
