"""The rules of a `.dockerignore`, with the meaning that the docker command gives them. Pure.

A rule is neither a Python nor a shell glob: the docker command translates it into a Go regular expression in its own
way, and people rely on the results for odd rules too. So the same translation is done here, character by character.
`tests/support/ignore_corpus.json` has the results of the docker command for many rules.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable

from .._shown import shown
from ..errors import InvalidArgument

__all__ = ["Rules", "read_rules"]

# What Go counts as white space; Python counts a few more control characters.
_WHITE_SPACE = "\t\n\v\f\r \u0085\u00a0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_BOM = b"\xef\xbb\xbf"
# Characters with a meaning in Go's regular expressions and none in a rule, which are escaped. By a mistake the docker
# command does not escape bars and braces, so `a|b*` and `a{2}*` work as expressions.
_ESCAPED = ".+()$"
_LITERAL_BRACE = re.compile(r"\{,\d*\}")  # literal text in Go, but a repetition in Python
# Letters and digits with a meaning after a backslash. Other letters are an error there, other characters are literal.
_ESCAPABLE = "dDwWsSbBafnrtvA"
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
"""For each rule, whether it matches a path."""


def read_rules(data: bytes) -> list[str]:
    """The rules in a `.dockerignore`, cleaned, in order."""
    rules: list[str] = []
    for line in data.removeprefix(_BOM).split(b"\n"):
        text = line.removesuffix(b"\r").decode("utf-8", "surrogateescape")
        if text.startswith("#"):
            continue
        rule = text.strip(_WHITE_SPACE)
        if not rule:
            continue
        reincludes = rule.startswith("!")
        if reincludes:
            rule = rule[1:].strip(_WHITE_SPACE)
        if rule:
            rule = _clean(rule)
            if len(rule) > 1:
                rule = rule.removeprefix("/")
        rules.append("!" + rule if reincludes else rule)
    return rules


class Rules:
    """Decides which paths of a folder are excluded. Paths are relative, with slashes."""

    def __init__(self, rules: Iterable[str] = ()) -> None:
        self._rules = [_Rule(rule) for text in rules if (rule := text.strip(_WHITE_SPACE))]
        self._reincluding = [rule for rule in self._rules if rule.reincludes]

    def match(self, path: str, parent_matches: Matches = ()) -> tuple[bool, Matches]:
        """Whether `path` is excluded, and the matches to give as `parent_matches` for the entries of this folder.

        The last matching rule decides. A rule that matches a folder matches everything in it.
        """
        excluded = False
        matches: list[bool] = []
        for index, rule in enumerate(self._rules):
            # A rule that would change nothing is not evaluated: its match would not matter for the folder's entries.
            match = bool(parent_matches and parent_matches[index]) or (
                rule.reincludes == excluded and rule.matches(path)
            )
            matches.append(match)
            if match:
                excluded = not rule.reincludes
        return excluded, tuple(matches)

    def may_reinclude(self, folder: str) -> bool:
        """Whether a rule with `!` may match something in an excluded folder."""
        parts = folder.split("/")
        return any(rule.may_match_in(parts) for rule in self._reincluding)

    def may_match(self, folder: str) -> bool:
        """Whether a rule without `!` may match something in a folder that none matches."""
        parts = folder.split("/")
        return any(rule.may_match_in(parts) for rule in self._rules if not rule.reincludes)


class _Rule:
    """One rule. With an exclamation mark it `reincludes` what earlier rules exclude."""

    def __init__(self, text: str) -> None:
        rule = _clean(text)
        self.reincludes = rule.startswith("!")
        if self.reincludes:
            rule = rule[1:]
            if not rule:
                raise InvalidArgument(f"the rule {shown(text)} of a .dockerignore names nothing after the exclamation mark")
        try:
            _check(rule)
            self.matches: Callable[[str], bool] = _compile(rule)
        except (ValueError, re.error) as error:
            raise InvalidArgument(f"the rule {shown(text)} of a .dockerignore cannot be read: {error}") from error
        parts = rule.split("/")
        plain = next((i for i, part in enumerate(parts) if any(char in "*?[\\" for char in part)), len(parts))
        self._fixed_parts = parts[:plain]
        # A class or an escape may match a slash.
        self._depth = None if "**" in rule or "[" in rule or "\\" in rule else len(parts)

    def may_match_in(self, folder: list[str]) -> bool:
        """Whether a path below the folder may match; True if that is not known."""
        if self._depth is not None and self._depth <= len(folder):
            return False
        return all(expected == actual for expected, actual in zip(self._fixed_parts, folder, strict=False))


def _clean(path: str) -> str:
    """The shortest equivalent of a path, as Go's `path.Clean` gives it."""
    return posixpath.normpath("/" + path.lstrip("/") if path.startswith("/") else path)


def _check(rule: str) -> None:
    """Raise ValueError if the rule is not a valid Go glob."""
    rest = iter(rule)
    for char in rest:
        if char == "\\" and next(rest, "") == "":
            raise ValueError("it ends with a backslash")
        if char == "[":
            _check_class(rest)


def _check_class(rest: Iterable[str]) -> None:
    chars = iter(rest)
    char = next(chars, "")
    if char == "^":
        char = next(chars, "")
    first = True
    while first or char != "]":
        char = _check_character(char, chars)
        if char == "-":
            char = _check_character(next(chars, ""), chars)
        first = False


def _check_character(char: str, chars: Iterable[str]) -> str:
    """Check one character of a character class and return the next."""
    rest = iter(chars)
    if char in ("-", "]"):
        raise ValueError(f"there is a {char} in square brackets where a character is expected")
    if char == "\\":
        char = next(rest, "")
    following = next(rest, "")
    if not char or not following:
        raise ValueError("its square bracket is not closed")
    return following


def _compile(rule: str) -> Callable[[str], bool]:
    """A function that says whether a path matches the rule."""
    kind, expression = _to_go_regex(rule)
    if kind == "exact":
        return rule.__eq__
    if kind == "prefix":
        start = rule[:-2]
        return lambda path: path.startswith(start)
    if kind == "suffix":
        end = rule[2:]
        whole = end[1:] if end.startswith("/") else None
        return lambda path: path.endswith(end) or path == whole
    compiled = re.compile(rf"(?:^){_to_python_regex(expression)}\Z", re.ASCII)
    return lambda path: compiled.search(path) is not None


def _to_go_regex(rule: str) -> tuple[str, str]:
    """The kind of the rule, and the docker command's Go regular expression, which is used if the kind is expression."""
    kind, parts, position = "exact", [""], 0
    while position < len(rule):
        char, start = rule[position], position
        position += 1
        if char == "*" and rule[position : position + 1] == "*":
            position += 1
            if rule[position : position + 1] == "/":
                position += 1
            if position < len(rule):
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
            parts.append(char + rule[position : position + 1])
            position += 1
            kind = "expression"
        else:
            parts.append("\\" + char if char in _ESCAPED else char)
            if char in "[]":
                kind = "expression"
    return kind, "".join(parts)


def _to_python_regex(expression: str) -> str:
    """Translate a Go regular expression, as far as rules can produce it, to a Python one."""
    out: list[str] = []
    position, inside, first = 0, False, False
    while position < len(expression):
        char = expression[position]
        position += 1
        if char == "\\":
            out.append(_escape(expression[position], inside))
            position += 1
        elif not inside and char == "[":
            negated = expression[position : position + 1] == "^"
            out.append("[^" if negated else "[")
            position += negated
            inside = first = True
            continue
        elif inside and char == "]" and not first:
            out.append(char)
            inside = False
        elif inside and char == "[" and (named := _NAMED_CLASS.match(expression, position)):
            if named[1] or named[2] not in _CLASSES:
                raise ValueError(f"[:{named[1]}{named[2]}:] is not a character class")
            out.append(_CLASSES[named[2]])
            position = named.end()
        elif not inside and char == "{" and _LITERAL_BRACE.match(expression, position - 1):
            out.append("\\{")
        else:
            out.append("\\" + char if (inside and char in "[]&~|^") or (not inside and char == "]") else char)
        first = False
    return "".join(out)


def _escape(char: str, inside: bool) -> str:
    if char == "z" and not inside:
        return r"\Z"
    if char.isascii() and char.isalnum() and (char not in _ESCAPABLE or (inside and char in "bBA")):
        raise ValueError(f"\\{char} means nothing")
    if not char.isascii():
        raise ValueError(f"\\{char} means nothing")
    return "\\" + char
