#!/bin/sh
# Stops what infra/up.sh runs or has left running: sh infra/down.sh [options of `annals down`]
. "$(dirname -- "$0")/prepare.sh"

if [ ! -x .venv/bin/annals ]; then
    say "annals: nothing is set up here, so nothing runs"
    exit 0
fi
exec "$root/.venv/bin/annals" down "$@"
