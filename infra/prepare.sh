# Read by up.sh, down.sh and test.sh: goes to the project's folder, finds Python and uv, installs the locked packages.
# Needs a Python of 3.11 to 3.14 (prepare.py has the exact list) and nothing else; changes nothing outside this folder
# but the user's cache folder.
set -eu

say() { printf '%s\n' "$*" >&2; }
fail() { say "annals: $*"; exit 1; }

# Relative to where the caller stands, not to where we go.
case "${ANNALS_HOME:-}" in
    '' | /*) ;;
    *) ANNALS_HOME=$PWD/$ANNALS_HOME; export ANNALS_HOME ;;
esac
# A CDPATH of the caller's would lead elsewhere.
CDPATH=
cd -- "$(dirname -- "$0")/.."
root=$PWD

# What the caller has set for other projects must not lead Python, pip or uv elsewhere. Of pip's and uv's settings those
# stay that say how to get at packages (index, network, cache), and not those that say which of them, or where to.
for name in $(env | sed -n 's/^\([A-Z_]*\)=.*/\1/p'); do
    case $name in
        UV_*INDEX* | UV_FIND_LINKS | UV_*CACHE* | UV_HTTP_* | UV_REQUEST_* | UV_*TLS* | UV_*CERT* | UV_INSECURE_* | \
            UV_KEYRING_* | UV_OFFLINE | UV_CONCURRENT_* | UV_LINK_MODE | UV_CONFIG_FILE | UV_NO_PROGRESS) ;;
        PIP_*INDEX* | PIP_FIND_LINKS | PIP_*CACHE* | PIP_*TIMEOUT | PIP_RETRIES | PIP_*CERT | PIP_PROXY | \
            PIP_TRUSTED_HOST | PIP_KEYRING_* | PIP_CONFIG_FILE | PIP_USE_FEATURE) ;;
        UV_* | PIP_* | VIRTUAL_ENV | CONDA_PREFIX) unset "$name" ;;
        PYTHONPATH | PYTHONHOME | PYTHONPLATLIBDIR | PYTHONUSERBASE | PYTHONEXECUTABLE | __PYVENV_LAUNCHER__) \
            unset "$name" ;;
        PYTHONSTARTUP | PYTHONINSPECT | PYTHONOPTIMIZE | PYTHONWARNINGS | PYTHONCASEOK | PYTHONVERBOSE) unset "$name" ;;
    esac
done

# A user who has no home folder to write to (a container's, a service's) keeps here what is downloaded.
[ -n "${HOME:-}" ] || unset HOME
home=${HOME:-$(getent passwd "$(id -u)" 2>/dev/null | cut -d: -f6)}
if [ -z "${XDG_CACHE_HOME:-}" ] && ! { [ -d "$home" ] && mkdir -p -- "$home/.cache" && [ -w "$home/.cache" ]; } 2>/dev/null
then
    XDG_CACHE_HOME=$root/.cache
    export XDG_CACHE_HOME
fi

# Python is taken as found on this machine, never downloaded.
UV_PYTHON_DOWNLOADS=never
export UV_PYTHON_DOWNLOADS

# Whether every package is to be had for this Python, ready made.
is_fit() {
    "$1" -I infra/prepare.py --python >/dev/null 2>&1
}

# Which build of Python it is decides more than its version does: one that was compiled without profiles takes up to
# twice the time for everything. So the quickest in PATH is taken; of about equal ones, the first in this order.
find_python() {
    python=
    quickest=
    fitting=
    separator=$IFS
    IFS=:
    set -f
    for name in python3.13 python3.12 python3.11 python3.14 python3; do
        for folder in $PATH; do
            candidate=${folder:-.}/$name
            [ -x "$candidate" ] && pace=$("$candidate" -I infra/prepare.py --pace 2>/dev/null) || continue
            if [ -z "$python" ] || [ $((pace * 10)) -lt $((quickest * 9)) ]; then
                python=$candidate
                quickest=$pace
            fi
            fitting=$fitting$candidate:
        done
    done
    set +f
    IFS=$separator
    [ -n "$python" ] ||
        fail "Python 3.11 to 3.14 is needed, and none of python3.13, python3.12, python3.11, python3.14, python3 is that." \
            "Install one (Debian 12 and later, Ubuntu 24.04 and later: apt-get install python3 python3-venv) and run this" \
            "again."
}

# With the first Python that can: not each has venv or pip.
install_uv() {
    say "annals: installing uv into .venv-tools (first run only)"
    chosen=$python
    find_python
    python=$chosen
    separator=$IFS
    IFS=:
    set -f
    for candidate in $fitting; do
        rm -rf .venv-tools
        if "$candidate" -m venv .venv-tools >/dev/null 2>&1; then
            set -- .venv-tools/bin/python -m pip install
        elif "$candidate" -m pip --version >/dev/null 2>&1; then
            rm -rf .venv-tools
            set -- "$candidate" -m pip install --target .venv-tools
        else
            continue
        fi
        set +f
        IFS=$separator
        "$@" --quiet --disable-pip-version-check "$uv_requirement" ||
            fail "uv could not be downloaded from PyPI. Check the network (and its proxy settings) and run this again."
        return
    done
    rm -rf .venv-tools
    fail "$python has neither venv with ensurepip nor pip, so uv cannot be installed with it. Install them" \
        "(Debian, Ubuntu: apt-get install python3-venv), or install uv yourself, and run this again."
}

find_uv() {
    uv_requirement='uv>=0.13,<0.14'
    if uv --version >/dev/null 2>&1; then
        uv=uv
        return
    fi
    uv=$root/.venv-tools/bin/uv
    "$uv" --version >/dev/null 2>&1 || install_uv
}

# install_packages [uv sync options]: brings .venv to what uv.lock says.
install_packages() {
    # An environment that works is kept, whichever Python it was made with.
    if is_fit .venv/bin/python; then
        python=$root/.venv/bin/python
    else
        find_python
    fi
    # Says what stands against it before anything is downloaded.
    "$python" -I infra/prepare.py || exit 1
    find_uv
    case $root in
        *\\*)
            # The programs that uv writes name their Python's path within a Python string, where a backslash would begin
            # an escape. Those of a relocatable environment find it by themselves.
            [ -e .venv/pyvenv.cfg ] && grep -q '^relocatable' .venv/pyvenv.cfg ||
                "$uv" venv --quiet --relocatable --clear --python "$python" .venv ;;
    esac
    "$uv" sync --locked --all-extras --python "$python" "$@" ||
        fail "the packages of uv.lock could not be installed; what uv said stands above. If it was the network, check" \
            "it (and its proxy settings) and run this again: what was downloaded is kept."
}
