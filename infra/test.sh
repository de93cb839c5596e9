#!/bin/sh
# Sets everything up and runs all checks: sh infra/test.sh [options of pytest]
. "$(dirname -- "$0")/prepare.sh"

install_packages
PATH=$root/.venv/bin:$PATH
export PATH

failed=
check() {
    say "annals: $*"
    "$@" || failed="$failed
  $*"
}

check ruff check
check ruff format --check
check mypy
check lint-imports
check pytest "$@"

if [ -n "$failed" ]; then
    fail "these checks failed:$failed"
fi
