"""Folders and .dockerignore rules whose result the docker command has told; see `scripts/ignore_corpus`."""

from __future__ import annotations

import os
import shutil
import socket
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

DOCKERFILE = "FROM scratch\nCOPY . /\n"

Tree = dict[str, str]
"""A file's content by its path; a path that ends with a slash is a folder, `-> x` is a link, `(pipe)` and `(socket)`
are what they say."""

PLAIN: Tree = dict.fromkeys(
    [
        ".env",
        ".git/HEAD",
        ".git/objects/01/a",
        "README.md",
        "a.b",
        "a.txt",
        "a1b",
        "axb",
        "b.md",
        "lib/node_modules/z/z.js",
        "node_modules/p/index.js",
        "node_modules/q/node_modules/r/r.js",
        "sub/.env",
        "sub/a.txt",
        "sub/b.md",
        "sub/deep/a.txt",
        "sub/deep/c.log",
        "sub/deep/deeper/a.txt",
        "sub/deep/deeper/x",
        "sub2/a.txt",
    ],
    "x",
) | {"empty/": "", "sub/empty/": ""}

ODD: Tree = dict.fromkeys(
    [
        "!bang",
        "#hash",
        " front",
        "[x]",
        "^a",
        "a$b",
        "a(b)",
        "a+b",
        "a-b",
        "a\\b",
        "a]b",
        "a^b",
        "a{2}",
        "a|b",
        "aa",
        "ab",
        "a b/c d",
        "d/[x]/y",
        "star*",
        "starfish",
        "ü/é.txt",
        "x",
        "日本/語",
    ],
    "x",
)

LINKS: Tree = {
    "dangling": "-> nowhere",
    "inside": "-> sub/file",
    "outside": "-> ../../../etc/hostname",
    "root": "-> /etc",
    "folder": "-> sub",
    "sub/file": "x",
    "sub/up": "-> ..",
    "sub/self": "-> self",
}


class Case(NamedTuple):
    """What is in the folder, with its rules, and where the Dockerfile is."""

    rules: str | None
    tree: Tree = PLAIN
    file: str = "Dockerfile"
    own: str | None = None
    """Rules in a file that is named after the Dockerfile."""


CASES: dict[str, Case] = {
    "none": Case(None),
    "empty": Case(""),
    "comment": Case("# a.txt\n#b.md\n"),
    "comment after a space": Case(" # a.txt\n", ODD),
    "comment with a mark": Case("!# a.txt\n"),
    "blank lines": Case("\n\n   \n\t\na.txt\n\n"),
    "byte order mark": Case("\ufeffa.txt\nb.md\n"),
    "byte order mark and comment": Case("\ufeff# a\na.txt\n"),
    "byte order mark in the second line": Case("a.txt\n\ufeffb.md\n"),
    "carriage returns": Case("a.txt\r\nb.md\r\n!sub/b.md\r\n"),
    "no line break at the end": Case("a.txt"),
    "spaces around": Case("  a.txt  \n\tb.md\t\n"),
    "a space that does not break": Case("\u00a0a.txt\u2003\n"),
    "space after the mark": Case("*.txt\n!  a.txt\n"),
    "one file": Case("a.txt\n"),
    "one file deep": Case("sub/deep/a.txt\n"),
    "a folder": Case("sub\n"),
    "a folder with a slash": Case("sub/\n"),
    "a folder with a star": Case("sub/*\n"),
    "a folder with two stars": Case("sub/**\n"),
    "an empty folder": Case("empty\n"),
    "leading slash": Case("/a.txt\n/sub\n"),
    "leading slashes": Case("//a.txt\n///sub/deep\n"),
    "leading dot": Case("./a.txt\n./sub/./deep/../b.md\n"),
    "dot": Case(".\n"),
    "dot slash": Case("./\n"),
    "slash": Case("/\n"),
    "up": Case("../a.txt\nsub/../b.md\n"),
    "star": Case("*\n"),
    "star and back": Case("*\n!a.txt\n!sub/deep\n"),
    "star and back by stars": Case("*\n!**/a.txt\n"),
    "star and back deep": Case("*\n!sub/deep/deeper/x\n"),
    "star and back with a star": Case("*\n!*.md\n"),
    "star and back in a folder with a star": Case("*\n!sub/*.txt\n"),
    "star and back a folder without a file": Case("*\n!sub\nsub/deep\n"),
    "star and back and out again": Case("*\n!sub\nsub/deep\n!sub/deep/deeper/a.txt\n"),
    "stars": Case("**\n"),
    "stars and back": Case("**\n!sub/a.txt\n"),
    "stars slash star": Case("**/*\n"),
    "stars and a name": Case("**/a.txt\n"),
    "stars without a slash": Case("**a.txt\n"),
    "stars in between": Case("sub/**/a.txt\n"),
    "stars in between without a slash": Case("sub**a.txt\n"),
    "stars after a name": Case("sub**\n"),
    "stars and a folder": Case("**/node_modules\n"),
    "stars and a folder and back": Case("**/node_modules\n!node_modules/p\n"),
    "stars and a folder and back deeper": Case("**/node_modules\n!**/r.js\n"),
    "stars twice": Case("**/deep/**/a.txt\n"),
    "stars three": Case("***\n"),
    "stars and a star": Case("**/*.txt\n"),
    "stars at both ends": Case("**/deep/**\n"),
    "stars at both ends and back": Case("**/deep/**\n!**/x\n"),
    "star one level": Case("*/a.txt\n"),
    "star two levels": Case("*/*/a.txt\n"),
    "star in a name": Case("s*b/d*p\n"),
    "extension": Case("*.md\n"),
    "extension and back": Case("*.md\n!README.md\n"),
    "extension and back and again": Case("*.md\n!README*.md\nREADME.md\n"),
    "back first": Case("!a.txt\na.txt\n"),
    "back alone": Case("!a.txt\n"),
    "back of a parent": Case("sub/deep\n!sub\n"),
    "back of a folder": Case("sub\n!sub/deep\n"),
    "back of a folder with a slash": Case("sub\n!sub/deep/\n"),
    "back of what begins alike": Case("sub\n!sub2\n"),
    "back of what is below nothing": Case("sub\n!sub/none/x\n"),
    "back with a leading slash": Case("sub\n!/sub/a.txt\n"),
    "back with a class": Case("*\n!su[b]/a.txt\n"),
    "back with a question mark": Case("*\n!su?/a.txt\n"),
    "back with a class of slashes": Case("*\n!sub[^x]a.txt\n"),
    "mark alone": Case("a.txt\n!\n"),
    "mark and slash": Case("a.txt\n!/\n"),
    "two marks": Case("*\n!!a.txt\n"),
    "a dot is a dot": Case("a.b\n"),
    "question mark": Case("a?b\n"),
    "question mark and slash": Case("sub?deep\n"),
    "class": Case("a[x1]b\n"),
    "class of a range": Case("a[0-9]b\n"),
    "class that is not": Case("a[^0-9]b\n"),
    "class with an exclamation mark": Case("a[!x]b\n"),
    "class with a star": Case("a[*]b\n"),
    "class that is not closed": Case("a[xb\n"),
    "class that is empty": Case("a[]b\n"),
    "class that goes backwards": Case("a[9-0]b\n"),
    "class by name": Case("a[[:alpha:]]b\n"),
    "class with a bracket": Case("[[]x]\n", ODD),
    "class with an escape": Case("a[\\]\\\\]b\n", ODD),
    "class with a bar": Case("a[|^]b\n", ODD),
    "bracket that closes": Case("a]b\n", ODD),
    "bracket that closes with a star": Case("a]*\n", ODD),
    "escape": Case("\\[x\\]\nstar\\*\n", ODD),
    "escape of a mark": Case("\\!bang\n", ODD),
    "escape of a hash": Case("\\#hash\n", ODD),
    "escape of a letter": Case("\\a.txt\n"),
    "escape of a d": Case("a\\db\n"),
    "escape of a w": Case("a\\wb\n"),
    "escape that means nothing": Case("a\\yb\n"),
    "escape at the end": Case("a.txt\\\n"),
    "signs": Case("a$b\na(b)\na+b\na{2}\na|b\n", ODD),
    "signs with a star": Case("a$b*\na(b)*\na+b*\na{2}*\na|b*\n", ODD),
    "bar and a class": Case("a|b[x]\n", ODD),
    "bar and stars": Case("x|star**y\n", ODD),
    "braces with a star": Case("a{2}*\na{,2}*\n", ODD),
    "braces that repeat nothing": Case("{2}*\n", ODD),
    "braces behind a star": Case("a*{2}\n", ODD),
    "caret": Case("^a\na^b\n", ODD),
    "caret with a star": Case("^a*\n", ODD),
    "caret inside with a star": Case("a^*\n", ODD),
    "minus": Case("a-b*\n", ODD),
    "names with spaces": Case("a b\n", ODD),
    "names beyond ASCII": Case("ü/*\n日?\n", ODD),
    "links": Case(None, LINKS),
    "links left out": Case("inside\nfolder\nroot\n", LINKS),
    "what links lead to left out": Case("sub\n", LINKS),
    "below a link": Case("folder/file\n", LINKS),
    "a pipe": Case("x\n", {"pipe": "(pipe)", "x": "x", "y": "y"}),
    "a socket": Case("x\n", {"socket": "(socket)", "x": "x", "y": "y"}),
    "Dockerfile left out": Case("Dockerfile\n"),
    "Dockerfile and rules left out": Case("Dockerfile\n.dockerignore\n"),
    "Dockerfile and all else left out": Case("**\n"),
    "rules left out": Case(".dockerignore\n"),
    "Dockerfile in a folder": Case("sub\n", PLAIN | {"sub/Dockerfile": DOCKERFILE}, "sub/Dockerfile"),
    "Dockerfile of another name": Case("*\n!a.txt\n", PLAIN | {"Other": DOCKERFILE}, "Other"),
    "rules of its own": Case("a.txt\n", PLAIN | {"Other": DOCKERFILE}, "Other", "b.md\n"),
    "rules of its own in a folder": Case("a.txt\n", PLAIN | {"sub/Other": DOCKERFILE}, "sub/Other", "*\n!b.md\n"),
}


@contextmanager
def plant(folder: Path, case: Case) -> Iterator[None]:
    """The case's folder, as long as it is needed."""
    folder.mkdir()
    try:
        for path, content in (case.tree | ({} if case.file in case.tree else {case.file: DOCKERFILE})).items():
            place = folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            if path.endswith("/"):
                place.mkdir()
            elif content == "(pipe)":
                os.mkfifo(place)
            elif content == "(socket)":
                with socket.socket(socket.AF_UNIX) as made:
                    made.bind(str(place))
            elif content.startswith("-> "):
                place.symlink_to(content[3:])
            else:
                place.write_text(content)
        if case.rules is not None:
            (folder / ".dockerignore").write_bytes(case.rules.encode())
        if case.own is not None:
            (folder / f"{case.file}.dockerignore").write_bytes(case.own.encode())
        yield
    finally:
        shutil.rmtree(folder)


def listed(archive: IO[bytes]) -> list[str]:
    """The paths that unpacking a tar archive creates, parent folders without an entry of their own included."""
    found: set[str] = set()
    with tarfile.open(fileobj=archive, mode="r|") as members:
        for member in members:
            name = member.name.strip("/")
            if not name:
                continue
            folders = name.split("/")[: None if member.isdir() else -1]
            found |= {"/".join(folders[: depth + 1]) + "/" for depth in range(len(folders))}
            if not member.isdir():
                found.add(f"{name} -> {member.linkname}" if member.issym() else name)
    return sorted(found)
