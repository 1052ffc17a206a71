#!/bin/sh
# Runs a command with Node and npm on PATH, e.g. `scripts/node.sh npm ci`: the machine's own when new enough for the
# web build, else those of a Python wheel, put into .tools once. Works in any folder of the checkout.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)

new_enough() {
    command -v npm >/dev/null 2>&1 &&
        node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' \
            >/dev/null 2>&1
}

if ! new_enough; then
    (cd "$root" && .venv/bin/python scripts/bootstrap.py node)
    PATH=$root/.tools/bin:$PATH
    export PATH
fi
exec "$@"
