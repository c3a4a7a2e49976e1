"""Functions compiled from generated source code."""

from __future__ import annotations

import linecache
from collections.abc import Callable, Sequence
from typing import Any, cast

__all__ = ["compile_function"]


def compile_function(head: str, lines: Sequence[str], names: dict[str, Any], title: str) -> Callable[..., Any]:
    """Compile a function of a `def` line and the lines of its body, which may use `names`.

    Tracebacks show `title` in place of a file, and the line of the generated source.
    """
    source = f"{head}\n" + "".join(f"    {line}\n" for line in lines)
    file = f"<rawdock {title}>"
    exec(compile(source, file, "exec"), names)
    linecache.cache[file] = len(source), None, source.splitlines(True), file
    return cast("Callable[..., Any]", names[head.partition("(")[0].removeprefix("async ").removeprefix("def ")])
