#!/bin/sh
# Makes the passwords that compose.yaml needs, in infra/deploy/secrets or the folder that is named. What is there stays.
#
# The folder is yours alone (0700). Its files can be read by every user (0444): a container sees the file and not the
# folder, and reads it as a user whom this machine does not have.
set -eu

folder=${1:-$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)/secrets}
if [ -e "$folder/complete" ]; then
    echo "make_secrets.sh: $folder has all secrets already. To have new ones, remove it; servers that have data keep" \
        "their old passwords." >&2
    exit 0
fi
mkdir -p -- "$folder"
chmod 700 -- "$folder"
umask 022

random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }
write() {
    cat >"$folder/$1.new"
    chmod 444 "$folder/$1.new"
    mv -f -- "$folder/$1.new" "$folder/$1"
}

random | write postgres_password
random | write grafana_password
redis=$(random)
printf 'redis://:%s@valkey:6379/0' "$redis" | write redis_url
# Evicting keys would lose read models; with a log of writes a restart needs no rebuild.
printf 'requirepass %s\nmaxmemory-policy noeviction\nappendonly yes\ndir /data\n' "$redis" | write valkey.conf

# Run once by the superuser of a new server: who owns the database, and may make the roles of `annals migrate`.
owner=$(random)
printf 'postgresql://annals_administrator:%s@postgres:5432/annals' "$owner" | write database_url_owner
write owner.sql <<SQL
CREATE ROLE annals_administrator LOGIN CREATEROLE PASSWORD '$owner';
ALTER DATABASE annals OWNER TO annals_administrator;
SQL

# Run by that owner after each `annals migrate`: a login for each kind of process, with the rights of that process.
{
    for role in command saga projection analytics gateway audit; do
        password=$(random)
        printf 'postgresql://%s_login:%s@postgres:5432/annals' "annals_$role" "$password" | write "database_url_$role"
        roles=annals_$role
        [ "$role" != gateway ] || roles="annals_gateway, annals_api_keys"
        cat <<SQL
DO \$\$ BEGIN CREATE ROLE annals_${role}_login LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END \$\$;
ALTER ROLE annals_${role}_login PASSWORD '$password';
GRANT $roles TO annals_${role}_login;
SQL
    done
} | write logins.sql
: | write complete
echo "make_secrets.sh: $folder has the secrets of compose.yaml. Keep it to yourself, and keep a copy." >&2
