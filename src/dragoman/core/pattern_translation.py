"""Regular expressions of other languages as the two engines at hand understand them: Python's `re` for Python, the
library `regex` for the others. What is not known to mean the same is never tried: a verdict here is one to rely on.

Texts that are tried are single lines, so nothing here is about line ends.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType

from dragoman.core.flavours import COMMON, CPP, GO, JAVA, JAVASCRIPT, NET, PCRE, PERL, RUBY, RUST, SWIFT, Flavour


@dataclass(frozen=True, slots=True)
class Translation:
    """A pattern for one of the engines here, with its flags (letters of `aimsx`, and `V` for nested classes).

    error: why it is no pattern of its flavour. unknown: why that can't be told here.
    """

    engine: str
    pattern: str
    flags: str = ""
    error: str = ""
    unknown: str = ""


_FIXED = frozenset({COMMON, JAVA, PCRE, PERL, RUBY})
"""Where a look-behind must have a length that the engine can tell."""


class _Fault(Exception):  # noqa: N818 - how the walk ends
    """The pattern is wrong in its flavour."""


class _Unknown(Exception):  # noqa: N818 - the same
    """It holds something that is not known to mean the same here."""


def translated(pattern: str, flags: str, of: Flavour) -> Translation:
    """The pattern with its literal's flags as an engine here takes it."""
    if not of.engine:
        return Translation("", pattern, unknown=f"no engine for {of.name} is at hand")
    if of.engine == "re":
        return Translation("re", pattern, "".join(sorted(set(flags) & set("aimsx"))))
    try:
        options = _options(flags, of)
        return Translation("regex", _Walk(pattern, flags, of).result(), options)
    except _Fault as fault:
        return Translation("regex", pattern, error=str(fault))
    except _Unknown as reason:
        return Translation("regex", pattern, unknown=f"{of.name}: {reason} can't be tried here")


def _options(flags: str, of: Flavour) -> str:
    if "v" in flags and of is JAVASCRIPT:
        raise _Unknown("the flag v")
    if of is PCRE and set(flags) & set("UXJ"):
        raise _Unknown("one of the flags")
    options = set(flags) & set(of.flags)
    if of is RUBY:
        options = (options - {"m", "s"}) | ({"s"} if "m" in flags else set())
    return "".join(sorted(options)) + ("V" if of.sets else "")


_NAME = r"\?P?<[A-Za-z_]\w*>"
_OUTSIDE_CLASSES = "bBAzZGKRX"
_QUANTIFIER = re.compile(r"[*+?]|\{\d+(?:,\d*)?\}")
_PROPERTY = re.compile(r"[pP](?:[LMNPSZC]|\{\^?[LMNPSZC][a-z]?\})")
_SCRIPTS = re.compile(
    r"[pP]\{(?:Script=|sc=|Is)?(?:Latin|Greek|Cyrillic|Han|Hiragana|Katakana|Arabic|Hebrew|Thai|Hangul)\}"
)
_HEX = re.compile(r"x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}")
_POSIX = MappingProxyType(
    {
        "alpha": "A-Za-z",
        "digit": "0-9",
        "alnum": "A-Za-z0-9",
        "upper": "A-Z",
        "lower": "a-z",
        "word": "A-Za-z0-9_",
        "xdigit": "0-9A-Fa-f",
        "blank": r"\t ",
        "space": r"\t-\r ",
        "punct": r"!-/:-@\[-`{-\~",
    }
)
_BRACED = re.compile(r"[xu]\{([0-9a-fA-F]{1,6})\}")
_REFERENCE = re.compile(r"k[<{']([A-Za-z_]\w*)[>}']")


class _Walk:
    """One way through a pattern, with what comes of it."""

    def __init__(self, pattern: str, flags: str, of: Flavour) -> None:
        self._pattern, self._of, self._at = pattern, of, 0
        self._strict = of is JAVASCRIPT and "u" in flags
        self._identity = of is JAVASCRIPT and not self._strict
        self._verbose = "x" in flags and "x" in of.flags
        self._out: list[str] = []

    def result(self) -> str:
        while self._at < len(self._pattern):
            self._out.append(self._step())
        return "".join(self._out)

    def _rest(self) -> str:
        return self._pattern[self._at :]

    def _step(self) -> str:
        character = self._pattern[self._at]
        if character == "\\":
            return self._escape(inside=False)
        if character == "#" and self._verbose:
            end = self._pattern.find("\n", self._at)
            comment = self._pattern[self._at : end if end >= 0 else None]
            self._at += len(comment)
            return comment
        if character == "[":
            return self._class()
        if character == "(":
            return self._group()
        if (quantifier := _QUANTIFIER.match(self._pattern, self._at)) is not None:
            return self._quantified(quantifier[0])
        self._at += 1
        if self._strict and character in "]}":
            raise _Fault(f"{character} must be written \\{character} with the flag u")
        if character == "{":
            if not self._of.braces or self._strict:
                raise _Fault("a { that repeats nothing must be written \\{")
            if re.match(r",\d+\}", self._rest()) and self._of not in {JAVASCRIPT, GO, CPP}:
                raise _Unknown("{,n}")
            return r"\{"
        return character

    def _quantified(self, quantifier: str) -> str:
        self._at += len(quantifier)
        if self._of is JAVASCRIPT and self._out and self._out[-1] in {"^", "$", r"(?a:\b)", r"(?a:\B)"}:
            raise _Fault(f"there is nothing that {quantifier} could repeat")
        following = self._rest()[:1]
        if following == "?":
            self._at += 1
            return f"{quantifier}?"
        if following == "*" or (following == "{" and _QUANTIFIER.match(self._rest())):
            if self._of in {JAVASCRIPT, GO, NET}:
                raise _Fault(f"{quantifier}{following} repeats a repetition")
            raise _Unknown(f"{quantifier}{following}")
        if following == "+":
            if not self._of.possessive:
                raise _Fault(f"{quantifier}+ repeats a repetition, which {self._of.name} does not allow")
            if self._of is RUBY and quantifier.startswith("{"):
                raise _Unknown(f"{quantifier}+")
            self._at += 1
            return f"{quantifier}+"
        return quantifier

    def _group(self) -> str:
        self._at += 1
        rest = self._rest()
        if not rest.startswith("?"):
            if rest.startswith("*"):
                raise _Unknown("a verb such as (*…)")
            return "("
        name = re.match(_NAME, rest)
        if name is not None:
            if name[0].startswith("?P") and self._of not in {GO, RUST, PCRE, PERL, COMMON}:
                raise _Fault(f"{self._of.name} writes a named group (?<name>…)")
            if self._of is CPP:
                raise _Fault(f"{self._of.name} has no named groups")
            self._at += name.end()
            return f"({name[0].replace('?<', '?P<')}"
        for opening in sorted(self._of.groups, key=len, reverse=True):
            if rest.startswith(opening):
                return self._opened(opening)
        inline = re.match(r"\?([a-zA-Z]*)(?:-([a-zA-Z]+))?([):])", rest)
        if inline is not None and self._of.inline and set(inline[1] + (inline[2] or "")) <= set(self._of.inline):
            if (self._of is RUBY and "m" in inline[0]) or (
                inline[3] == ")" and len(self._out) > 0 and not self._of.sets
            ):
                raise _Unknown(f"({inline[0]}")
            self._at += inline.end()
            if inline[3] == ")" and _QUANTIFIER.match(self._rest()):
                raise _Unknown("flags that are repeated")
            return f"({inline[0]}"
        if self._of in {GO, RUST, CPP} and rest.startswith(("?=", "?!", "?<", "?>")):
            raise _Fault(f"{self._of.name} has no ({rest[:3]}…): neither look-around nor atomic groups")
        if self._of is JAVASCRIPT and rest.startswith(("?>", "?#", "?P", "?|", "?(", "?R", "?'")):
            raise _Fault(f"JavaScript has no ({rest[:2]}…)")
        raise _Unknown(f"({rest[:3]}…")

    def _opened(self, opening: str) -> str:
        self._at += len(opening)
        if opening.startswith("?<") and self._of in _FIXED and not re.match(r"[^()*+?{|\\[]*\)", self._rest()):
            raise _Unknown("a look-behind that may have no fixed length")
        if opening != "?#":
            return f"({opening}"
        end = self._pattern.find(")", self._at)
        if end < 0:
            raise _Fault("a comment is not closed")
        self._at = end + 1
        return "(?:)"

    def _class(self) -> str:
        start = self._at
        self._at += 1
        out = ["["]
        if self._rest().startswith("^"):
            out.append("^")
            self._at += 1
        if self._rest().startswith("]"):
            self._at += 1
            if self._of in {JAVASCRIPT, CPP}:
                return r"[\s\S]" if len(out) > 1 else "(?!)"
            if self._of in {JAVA, RUBY, SWIFT}:
                raise _Unknown("[]")
            out.append(r"\]")
        while self._at < len(self._pattern) and self._pattern[self._at] != "]":
            opens = r"\\[dDwWsS]|\[" if self._of.sets else r"\\[dDwWsS]|\[:"
            kind = re.match(opens, self._rest()) is not None
            if kind and out[-1] == "-":
                if len(out) > 2 and (self._strict or self._of not in {JAVASCRIPT, PCRE, PERL}):
                    raise _Unknown("a range that ends in a set")
                out[-1] = r"\-"  # a set begins no range and ends none
            out.append(self._in_class())
            other = ("--", "-[") if self._of.sets else ("-[",) if self._of is NET else ()
            if kind and self._rest().startswith("-") and not self._rest().startswith(other):
                if self._strict and not self._rest().startswith("-]"):
                    raise _Fault("with the flag u a set ends no range")
                out.append(r"\-")
                self._at += 1
        if self._at >= len(self._pattern):
            raise _Fault(f"the class {self._pattern[start : start + 20]} is not closed")
        self._at += 1
        return "".join((*out, "]"))

    def _in_class(self) -> str:
        rest = self._rest()
        if rest.startswith("\\"):
            return self._escape(inside=True)
        if rest.startswith("["):
            posix = re.match(r"\[:\^?[a-z]+:\]", rest)
            if posix is not None and self._of in {PERL, RUBY}:
                self._at += posix.end()
                return posix[0]
            if posix is not None and self._of in {GO, RUST, PCRE} and (body := _POSIX.get(posix[0][2:-2])):
                self._at += posix.end()
                return body
            if posix is not None and self._of is not JAVASCRIPT:
                raise _Unknown(posix[0])
            if self._of.sets:
                return self._class()
            self._at += 1
            return r"\["
        if self._of is NET and rest.startswith("-["):
            raise _Unknown("taking a class from a class")
        double = rest[:2]
        if self._of.sets and double in {"--", "~~", "||", "&&"}:
            if (double != "&&" and self._of not in {RUST, SWIFT}) or rest[2:3] == "]":
                raise _Unknown(f"{double} in a class")
            self._at += 2
            return double
        self._at += 1
        return rest[0]

    def _escape(self, *, inside: bool) -> str:
        self._at += 1
        if self._at >= len(self._pattern):
            raise _Fault("it ends with a single backslash")
        rest = self._rest()
        letter = rest[0]
        if not (letter.isascii() and letter.isalnum()):
            self._at += 1
            if self._strict and letter not in ("^$\\.*+?()[]{}|/-" if inside else "^$\\.*+?()[]{}|/"):
                raise _Fault(f"\\{letter} is an error with the flag u")
            if letter in "<>" and self._of is RUST:
                raise _Unknown(f"\\{letter}")
            return f"\\{letter}"
        if letter.isdigit():
            return self._digits(rest, inside=inside)
        for found in (self._coded(rest), self._property(rest)):
            if found is not None:
                return found
        if letter == "k" and not inside:
            return self._named_reference(rest)
        self._at += 1
        return self._letter(letter, inside=inside)

    def _letter(self, letter: str, *, inside: bool) -> str:
        of = self._of
        if letter in "dDwWsS":
            return self._kind(letter, inside=inside)
        if letter in "nrtf":
            return f"\\{letter}"
        if letter in of.absent:
            raise _Fault(f"{of.name} has no \\{letter}")
        if letter == "b" and inside:
            return r"\x08" if of in {JAVASCRIPT, NET, PCRE, PERL, RUBY} else self._unknown(letter)
        if letter in of.letters and not (inside and letter in _OUTSIDE_CLASSES):
            if letter in "bB":
                if self._rest().startswith("{"):
                    raise _Unknown(f"\\{letter}{{…}}")
                return f"(?a:\\{letter})" if of.classes is not None and of not in {RUBY, JAVA} else f"\\{letter}"
            return {"Z": r"\Z", "z": r"\Z", "e": r"\x1b", "a": r"\x07"}.get(letter, f"\\{letter}")
        if letter in "hH" and of is RUBY:
            body = "0-9a-fA-F" if letter == "h" else "^0-9a-fA-F"
            return body if inside and letter == "h" else f"[{body}]"
        if self._identity and letter != "c":
            return letter
        if self._strict and letter != "c":
            raise _Fault(f"\\{letter} is an error with the flag u")
        return self._unknown(letter)

    def _unknown(self, letter: str) -> str:
        raise _Unknown(f"\\{letter}")

    def _kind(self, letter: str, *, inside: bool) -> str:
        r"""`\d`, `\w`, `\s`, or what is none of them."""
        if self._of.classes is None:
            return f"\\{letter}"
        if inside:
            return self._of.classes[letter]
        return f"[{'^' if letter.isupper() else ''}{self._of.classes[letter.lower()]}]"

    def _digits(self, rest: str, *, inside: bool) -> str:
        if rest[0] == "0" or inside:
            raise _Unknown("a character by its octal number")
        number = re.match(r"\d+", rest)
        assert number is not None
        if not self._of.references:
            raise _Fault(f"{self._of.name} has no back references such as \\{number[0]}")
        # Of a group that took no part, JavaScript says that it is empty, and the engine here that it does not match.
        may_be_out = self._of is JAVASCRIPT and re.search(r"\)(?:[?*]|\{0)|\|", self._pattern) is not None
        if len(number[0]) > 1 or may_be_out or not any(part.startswith("(") for part in self._out):
            raise _Unknown(f"\\{number[0]}")
        self._at += 1
        return f"\\{number[0]}"

    def _coded(self, rest: str) -> str | None:
        """A character by its number."""
        hexadecimal = _HEX.match(rest)
        if hexadecimal is not None:
            if rest[0] == "u" and self._of is PERL:
                raise _Unknown("\\u")
            if rest[0] == "u" and self._of in {GO, PCRE}:
                raise _Fault(f"{self._of.name} writes such a character \\x{{{rest[1:5]}}}")
            self._at += hexadecimal.end()
            return f"\\{hexadecimal[0]}"
        braced = _BRACED.match(rest)
        if braced is None or (self._identity and rest[0] in "xu"):
            return None
        known = {"x": {GO, RUST, JAVA, PCRE, PERL}, "u": {RUST, RUBY, SWIFT}}[rest[0]]
        if self._of not in known and not (self._strict and rest[0] == "u"):
            raise _Unknown(f"\\{braced[0]}")
        code = int(braced[1], 16)
        if code > 0x10FFFF:
            raise _Fault(f"there is no character {braced[1]}")
        self._at += braced.end()
        return re.escape(chr(code))

    def _property(self, rest: str) -> str | None:
        if rest[0] not in "pP" or self._identity:
            return None
        found = _PROPERTY.match(rest) or (_SCRIPTS.match(rest) if self._of is not NET else None)
        if found is None or (self._strict and "{" not in found[0]):
            shown = re.match(r"\w(?:\{[^}]{0,40}\}?)?", rest)
            raise _Unknown(f"\\{shown[0] if shown is not None else rest[0]}")
        self._at += found.end()
        return f"\\{found[0]}"

    def _named_reference(self, rest: str) -> str:
        found = _REFERENCE.match(rest)
        if not self._of.references:
            raise _Fault(f"{self._of.name} has no back references")
        may_be_out = self._of is JAVASCRIPT and re.search(r"\)(?:[?*]|\{0)|\|", self._pattern) is not None
        if found is None or self._of is COMMON or may_be_out:
            raise _Unknown("\\k")
        self._at += found.end()
        return f"(?P={found[1]})"


_SURE = (
    "missing )",
    "unbalanced parenthesis",
    "unterminated character set",
    "nothing to repeat",
    "min repeat greater than max repeat",
    "bad character range",
)


def is_sure(error: str, translation: Translation) -> bool:
    """Whether an engine's complaint about a translation is one that the pattern's own engine has as well."""
    return translation.engine == "re" or error.startswith(_SURE)
