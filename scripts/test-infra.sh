#!/usr/bin/env bash
# The whole proof of the infrastructure, offline, with the time of each step: `make test-infra`.
# The whole stack mostly waits for waits of the provider, so everything else runs beside it.
#
#     scripts/test-infra.sh            all of it
#     scripts/test-infra.sh --parts    all but the whole stack: rules, modules, images of machines, scripts (minutes)
#     scripts/test-infra.sh --quick    without Terraform: rules, lint, READMEs, costs, scripts (seconds)
#
# What follows --parts or --quick goes to pytest: scripts/test-infra.sh --parts --last-failed
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# A cache of its own: other tests may run beside it, and each remembers what failed last.
pytest=(.venv/bin/python -m pytest --no-header -q -o cache_dir=.pytest_cache/infra)
if [[ ${1:-} == --quick ]]; then
    exec "${pytest[@]}" -m "not infra" tests/infra "${@:2}"
fi
if [[ ${1:-} == --parts ]]; then
    exec "${pytest[@]}" tests/infra --ignore tests/infra/test_stack.py "${@:2}"
fi

scripts/terraform.sh --mirror >/dev/null || echo "no provider on this machine: it will be downloaded" >&2
log=$(mktemp)
"${pytest[@]}" -p no:cacheprovider tests/infra/test_stack.py >"$log" 2>&1 &
stack=$!
trap 'kill "$stack" 2>/dev/null || true; rm -f "$log"' EXIT

code=0
"${pytest[@]}" tests/infra --ignore tests/infra/test_stack.py || code=$?
echo "=== the whole stack on AWS's stand-in"
wait "$stack" || code=$?
cat "$log"
echo "=== test-infra: $SECONDS s"
exit "$code"
