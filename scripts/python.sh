#!/bin/sh
# Prints the Python that the virtualenv is made with: $PYTHON when set, else the newest of the names below.
# Each candidate is run, since a name on PATH may be a shim with nothing behind it.
set -eu

fits() {
    "$1" -c "import sys; sys.exit(sys.version_info < (3, 11))" >/dev/null 2>&1
}

show() {
    "$1" -c "import sys; print(sys.executable)"
    exit 0
}

if [ -n "${PYTHON:-}" ]; then
    fits "$PYTHON" && show "$PYTHON"
    echo "PYTHON=$PYTHON is not a Python 3.11 or newer." >&2
    exit 1
fi
for name in python3.13 python3.12 python3.11 python3; do
    fits "$name" && show "$name"
done

found=$(python3 --version 2>/dev/null || echo "no Python 3")
echo "This needs Python 3.11 or newer, and found $found on PATH." >&2
echo "Install one (Debian, Ubuntu: apt install python3 python3-venv; macOS: brew install python@3.13)," >&2
echo "or name one: make PYTHON=/path/to/python3.12 test" >&2
exit 1
