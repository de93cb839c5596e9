#!/bin/sh
# Sets everything up and runs the system until Ctrl-C: sh infra/up.sh [options of `annals up`]
. "$(dirname -- "$0")/prepare.sh"

# Inexact: what infra/test.sh has added for the tests may stay.
install_packages --no-dev --inexact
exec "$root/.venv/bin/annals" up "$@"
