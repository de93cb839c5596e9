#!/bin/sh
# Builds the image: sh infra/deploy/build.sh [options of `docker build`, such as --tag NAME or --build-arg BASE=…]
#
# With the first of docker, podman and buildah that is there; ANNALS_BUILDER names another, or its options too.
# What this environment says about package indexes, proxies and certificates reaches the build as secrets, which are in
# no layer and not in the image's history.
set -eu

folder=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
secrets=$(mktemp -d)
trap 'rm -rf "$secrets"' EXIT
trap 'exit 1' HUP INT TERM

# Each value in quotes for the shell that reads it.
settings=$secrets/packages
: >"$settings"
for name in $(env | sed -n 's/^\([A-Za-z_]*\)=.*/\1/p'); do
    case $name in
        UV_*INDEX* | UV_HTTP_* | UV_INSECURE_HOST | PIP_*INDEX* | PIP_TRUSTED_HOST | PIP_PROXY | PIP_DEFAULT_TIMEOUT | \
            HTTP_PROXY | HTTPS_PROXY | ALL_PROXY | NO_PROXY | http_proxy | https_proxy | all_proxy | no_proxy) ;;
        *) continue ;;
    esac
    value=$(eval "printf %s \"\$$name\"" | sed "s/'/'\\\\''/g")
    printf "export %s='%s'\n" "$name" "$value" >>"$settings"
done

certificates=${SSL_CERT_FILE:-${PIP_CERT:-}}
if [ -n "$certificates" ] && [ -r "$certificates" ]; then
    for name in SSL_CERT_FILE PIP_CERT REQUESTS_CA_BUNDLE; do
        echo "export $name=/run/secrets/certificates" >>"$settings"
    done
    set -- --secret "id=certificates,src=$certificates" "$@"
fi

builder=${ANNALS_BUILDER:-}
if [ -z "$builder" ]; then
    for builder in docker podman buildah none; do
        command -v "$builder" >/dev/null 2>&1 && break
    done
fi
[ "$builder" != none ] || {
    echo "build.sh: docker, podman or buildah is needed to build the image. Install one of them and run this again." >&2
    exit 1
}

# The words of $builder are its options.
# shellcheck disable=SC2086
$builder build --file "$folder/Containerfile" --secret "id=packages,src=$settings" "$@" "$folder/../.."
