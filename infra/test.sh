#!/bin/sh
# Sets everything up and runs all checks: sh infra/test.sh [options of pytest]
. "$(dirname -- "$0")/prepare.sh"

install_packages
PATH=$root/.venv/bin:$PATH
export PATH

failed=
allowed=0
check() {
    say "annals: $*"
    # By its full name: PATH takes a folder with a colon in its name apart.
    program=$root/.venv/bin/$1
    line=$*
    shift
    code=0
    "$program" "$@" || code=$?
    [ "$code" -eq 0 ] || [ "$code" -eq "$allowed" ] || failed="$failed
  $line"
}

check ruff check
check ruff format --check
check mypy
check lint-imports
# Of tests that were named, none may be of the one kind or the other: pytest ends with 5 then.
[ $# -eq 0 ] || allowed=5
# Most tests wait for servers rather than compute: several processes of pytest, each with servers of its own, take half
# the time. What measures time, memory or load comes afterwards, alone.
check pytest -n "${ANNALS_TEST_PROCESSES:-4}" --dist loadfile --no-loadscope-reorder --durations=30 -m "not alone" "$@"
check pytest --durations=10 -m alone "$@"

if [ -n "$failed" ]; then
    fail "these checks failed:$failed"
fi
