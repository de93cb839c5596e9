# Starts a sentinel of the group: `sh start-sentinel.sh valkey-sentinel`. What it has learned outlives the pod, and so do
# its passwords: where they change, its file is to be deleted.
set -eu
umask 077
settings=${SETTINGS:-/etc/valkey} passwords=${PASSWORDS:-/run/passwords} data=${DATA:-/data}
group=${HOSTNAME%-*}

if [ ! -e "$data/sentinel.conf" ]; then
    {
        cat "$settings/sentinel.conf"
        echo "sentinel announce-ip $HOSTNAME.$group"
        echo "user default on >$(cat "$passwords/watcher") ~* &* +@all"
        echo "sentinel sentinel-pass $(cat "$passwords/watcher")"
        echo "user annals on >$(cat "$passwords/sentinel") $(cat "$settings/asking.acl")"
        echo "sentinel monitor annals $group-0.$group 6379 2"
        echo "sentinel auth-user annals watcher"
        echo "sentinel auth-pass annals $(cat "$passwords/watcher")"
        echo "sentinel down-after-milliseconds annals 5000"
        echo "sentinel failover-timeout annals 30000"
        echo "sentinel parallel-syncs annals 1"
    } >"$data/sentinel.conf.new"
    mv "$data/sentinel.conf.new" "$data/sentinel.conf"
fi
exec "$@" "$data/sentinel.conf"
