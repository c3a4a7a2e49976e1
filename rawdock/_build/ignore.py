"""The rules of a `.dockerignore`, as the docker command has them. Pure.

A rule is neither a glob of Python nor one of a shell: the docker command turns it into a regular expression of Go in a
way of its own, and what comes out of odd rules is part of what people rely on. So the same is done here, character by
character. `tests/support/ignore_corpus.json` has what the docker command made of many rules.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable

from ..errors import InvalidArgument

__all__ = ["Rules", "read_rules"]

# What Go calls white space; Python's own idea has a few control characters more.
_SPACE = "\t\n\v\f\r \u0085\u00a0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_BOM = b"\xef\xbb\xbf"
# What has a meaning in Go's regular expressions and none in a rule. The docker command means to have a bar and braces
# among them and has not, so that `a|b*` and `a{2}*` are expressions.
_ESCAPED = ".+()$"
_LITERAL_BRACE = re.compile(r"\{,\d*\}")  # in Go; in Python up to so many
# Letters and digits that mean something behind a backslash; other signs mean themselves there, other letters nothing.
_MEANT = "dDwWsSbBafnrtvA"
_NAMED_CLASS = re.compile(r":(\^?)([a-z]+):\]")
_CLASSES = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "ascii": "\\x00-\\x7f",
    "blank": "\\t ",
    "cntrl": "\\x00-\\x1f\\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": "!-/:-@\\[-`{-~",
    "space": "\\t\\n\\v\\f\\r ",
    "upper": "A-Z",
    "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}

Matches = tuple[bool, ...]
"""Which rules match a path, each by itself."""


def read_rules(data: bytes) -> list[str]:
    """The rules in a `.dockerignore`, cleaned, in their order."""
    rules: list[str] = []
    for line in data.removeprefix(_BOM).split(b"\n"):
        text = line.removesuffix(b"\r").decode("utf-8", "surrogateescape")
        if text.startswith("#"):
            continue
        rule = text.strip(_SPACE)
        if not rule:
            continue
        again = rule.startswith("!")
        if again:
            rule = rule[1:].strip(_SPACE)
        if rule:
            rule = _clean(rule)
            if len(rule) > 1:
                rule = rule.removeprefix("/")
        rules.append("!" + rule if again else rule)
    return rules


class Rules:
    """Which paths of a folder are left out. Paths are relative, with slashes."""

    def __init__(self, rules: Iterable[str] = ()) -> None:
        self._rules = [_Rule(rule) for text in rules if (rule := text.strip(_SPACE))]
        self._again = [rule for rule in self._rules if rule.again]

    def look(self, path: str, above: Matches = ()) -> tuple[bool, Matches]:
        """Whether `path` is left out, and what to give as `above` for what is in it if it is a folder.

        The last rule that matches decides. A rule that matches a folder matches all that is in it.
        """
        out = False
        matches: list[bool] = []
        for index, rule in enumerate(self._rules):
            # A rule that would change nothing is not asked: whether it matches this folder does not matter below.
            match = bool(above and above[index]) or (rule.again == out and rule.matches(path))
            matches.append(match)
            if match:
                out = not rule.again
        return out, tuple(matches)

    def may_return(self, folder: str) -> bool:
        """Whether a rule with `!` may match something in a folder that is left out."""
        parts = folder.split("/")
        return any(rule.may_match_in(parts) for rule in self._again)

    def may_match(self, folder: str) -> bool:
        """Whether a rule without `!` may match something in a folder that none matches."""
        parts = folder.split("/")
        return any(rule.may_match_in(parts) for rule in self._rules if not rule.again)


class _Rule:
    """One rule. `again` is the one with an exclamation mark, which takes back in what others leave out."""

    def __init__(self, text: str) -> None:
        rule = _clean(text)
        self.again = rule.startswith("!")
        if self.again:
            rule = rule[1:]
            if not rule:
                raise InvalidArgument(f"the rule {text!r} of a .dockerignore takes nothing back in: name what")
        try:
            _check(rule)
            self.matches: Callable[[str], bool] = _matcher(rule)
        except (ValueError, re.error) as error:
            raise InvalidArgument(f"the rule {text!r} of a .dockerignore cannot be read: {error}") from error
        parts = rule.split("/")
        plain = next((i for i, part in enumerate(parts) if any(char in "*?[\\" for char in part)), len(parts))
        self._start = parts[:plain]
        # A class or an escape may match a slash.
        self._depth = None if "**" in rule or "[" in rule or "\\" in rule else len(parts)

    def may_match_in(self, folder: list[str]) -> bool:
        """Whether a path below the folder may match; says yes when in doubt."""
        if self._depth is not None and self._depth <= len(folder):
            return False
        return all(mine == its for mine, its in zip(self._start, folder, strict=False))


def _clean(path: str) -> str:
    """The shortest form of a path, as Go has it."""
    return posixpath.normpath("/" + path.lstrip("/") if path.startswith("/") else path)


def _check(rule: str) -> None:
    """Raise a ValueError for what is no glob of Go."""
    rest = iter(rule)
    for char in rest:
        if char == "\\" and next(rest, "") == "":
            raise ValueError("nothing follows its last backslash")
        if char == "[":
            _check_class(rest)


def _check_class(rest: Iterable[str]) -> None:
    chars = iter(rest)
    char = next(chars, "")
    if char == "^":
        char = next(chars, "")
    first = True
    while first or char != "]":
        char = _check_one(char, chars)
        if char == "-":
            char = _check_one(next(chars, ""), chars)
        first = False


def _check_one(char: str, chars: Iterable[str]) -> str:
    """Step over one character of a class; gives the next."""
    rest = iter(chars)
    if char in ("-", "]"):
        raise ValueError(f"a {char} stands where a character should, in square brackets")
    if char == "\\":
        char = next(rest, "")
    following = next(rest, "")
    if not char or not following:
        raise ValueError("its square bracket is not closed")
    return following


def _matcher(rule: str) -> Callable[[str], bool]:
    """What tells whether a path matches."""
    kind, expression = _translate(rule)
    if kind == "exact":
        return rule.__eq__
    if kind == "prefix":
        start = rule[:-2]
        return lambda path: path.startswith(start)
    if kind == "suffix":
        end = rule[2:]
        whole = end[1:] if end.startswith("/") else None
        return lambda path: path.endswith(end) or path == whole
    compiled = re.compile(rf"(?:^){_python(expression)}\Z", re.ASCII)
    return lambda path: compiled.search(path) is not None


def _translate(rule: str) -> tuple[str, str]:
    """How the rule matches, and the regular expression that Go is given where that is by one."""
    kind, parts, at = "exact", [""], 0
    while at < len(rule):
        char, start = rule[at], at
        at += 1
        if char == "*" and rule[at : at + 1] == "*":
            at += 1
            if rule[at : at + 1] == "/":
                at += 1
            if at < len(rule):
                parts.append("(.*/)?")
                kind = "expression"
            elif kind == "exact":
                kind = "prefix"
            else:
                parts.append(".*")
                kind = "expression"
            if start == 0:
                kind = "suffix"
        elif char in "*?":
            parts.append("[^/]*" if char == "*" else "[^/]")
            kind = "expression"
        elif char == "\\":
            parts.append(char + rule[at : at + 1])
            at += 1
            kind = "expression"
        else:
            parts.append("\\" + char if char in _ESCAPED else char)
            if char in "[]":
                kind = "expression"
    return kind, "".join(parts)


def _python(expression: str) -> str:
    """A regular expression of Go, as far as rules make them, as one of Python."""
    out: list[str] = []
    at, inside, first = 0, False, False
    while at < len(expression):
        char = expression[at]
        at += 1
        if char == "\\":
            out.append(_escape(expression[at], inside))
            at += 1
        elif not inside and char == "[":
            negated = expression[at : at + 1] == "^"
            out.append("[^" if negated else "[")
            at += negated
            inside = first = True
            continue
        elif inside and char == "]" and not first:
            out.append(char)
            inside = False
        elif inside and char == "[" and (named := _NAMED_CLASS.match(expression, at)):
            if named[1] or named[2] not in _CLASSES:
                raise ValueError(f"[:{named[1]}{named[2]}:] is no class of characters")
            out.append(_CLASSES[named[2]])
            at = named.end()
        elif not inside and char == "{" and _LITERAL_BRACE.match(expression, at - 1):
            out.append("\\{")
        else:
            out.append("\\" + char if (inside and char in "[]&~|^") or (not inside and char == "]") else char)
        first = False
    return "".join(out)


def _escape(char: str, inside: bool) -> str:
    if char == "z" and not inside:
        return r"\Z"
    if char.isascii() and char.isalnum() and (char not in _MEANT or (inside and char in "bBA")):
        raise ValueError(f"\\{char} means nothing")
    if not char.isascii():
        raise ValueError(f"\\{char} means nothing")
    return "\\" + char
