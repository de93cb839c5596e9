# Starts a server of the group: `sh start-server.sh valkey-server`. It asks the sentinels who is the primary, and is a
# replica of that one, or the primary itself. The sentinels of a new group name the first pod.
set -eu
umask 077
settings=${SETTINGS:-/etc/valkey} passwords=${PASSWORDS:-/run/passwords} run=${RUN:-/run/valkey}
group=${HOSTNAME%-*}
me=$HOSTNAME.$group

named() {
    # What each sentinel says, one a line. One that does not answer says nothing.
    for number in 0 1 2; do
        VALKEYCLI_AUTH=$(cat "$passwords/sentinel") timeout 3 valkey-cli --user annals --no-auth-warning \
            --tls --cacert /run/tls/ca.crt -h "$group-$number.$group" -p 26379 \
            SENTINEL GET-MASTER-ADDR-BY-NAME annals 2>/dev/null | head -n 1 | grep "^$group-[0-2]\.$group\$" || true
    done
}

primary=
until [ -n "$primary" ]; do
    # Two of three must agree.
    primary=$(named | sort | uniq -c | awk '$1 >= 2 { print $2 }')
    [ -n "$primary" ] || sleep "${PAUSE:-1}"
done

{
    cat "$settings/valkey.conf"
    echo "replica-announce-ip $me"
    echo "masterauth $(cat "$passwords/owner")"
    echo "user default on >$(cat "$passwords/owner") ~* &* +@all"
    while read -r account rules; do
        echo "user $account on >$(cat "$passwords/$account") $rules"
    done <"$settings/accounts.acl"
    [ "$primary" = "$me" ] || echo "replicaof $primary 6379"
} >"$run/valkey.conf"
exec "$@" "$run/valkey.conf"
