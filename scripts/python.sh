# Functions that the bash scripts source: printing their help, and finding a Python.

# usage SCRIPT: print the comment at its top.
usage() {
    awk 'NR > 1 { if (!/^#/) exit; sub(/^# ?/, ""); print }' "$1"
}

# pyenv's shims exist even if they do not work, so each candidate is tried.

_python_works() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

# find_python VERSION: print the path of an interpreter of this version (like 3.13); fail if there is none.
find_python() {
    local candidate
    for candidate in "python$1" "$(pyenv root 2>/dev/null || echo "$HOME/.pyenv")"/versions/"$1"*/bin/python; do
        if _python_works "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
    return 1
}

# choose_python: set PYTHON, unless it is set already, to the first interpreter that is new enough.
choose_python() {
    if [ -n "${PYTHON:-}" ]; then
        _python_works "$PYTHON" && return
        echo "PYTHON=$PYTHON does not work or is older than 3.11" >&2
        return 1
    fi
    if _python_works python3; then
        PYTHON=python3
        return
    fi
    PYTHON=$(find_python 3.13 || find_python 3.12 || find_python 3.11) && return
    echo "Python 3.11 or newer is needed: put it in PATH, or set PYTHON to its path" >&2
    return 1
}
