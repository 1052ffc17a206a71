#!/usr/bin/env bash
# Runs checkov in a virtualenv of its own (.tools/checkov): it pins libraries that the project has in other versions.
#
#     scripts/checkov.sh -d . --framework terraform
#
# Installed at the first use, and again when scripts/checkov.txt changes.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly root
readonly home=$root/.tools/checkov lock=$root/scripts/checkov.txt
stamp=$home/.ready-$(cksum <"$lock" | cut -d ' ' -f 1)
readonly stamp

if [[ ! -e $stamp ]]; then
    printf 'checkov.sh: installing into %s\n' "${home#"$root"/}" >&2
    rm -rf "$home"
    "$root/.venv/bin/uv" venv --quiet --python "$root/.venv/bin/python" "$home"
    "$root/.venv/bin/uv" pip install --quiet --python "$home/bin/python" --require-hashes --requirement "$lock"
    touch "$stamp"
fi
# It asks its maker's service for nothing: no rules, no news, no upload.
export LOG_LEVEL=${LOG_LEVEL:-ERROR} CKV_IGNORE_HIDDEN_DIRECTORIES=true
exec "$home/bin/python" "$home/bin/checkov" "$@"
