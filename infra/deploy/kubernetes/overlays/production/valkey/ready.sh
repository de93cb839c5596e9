# Whether the server has loaded its data, and has those of the primary: then the next pod may be restarted.
VALKEYCLI_AUTH=$(cat /run/passwords/owner) timeout 4 valkey-cli --no-auth-warning --tls --cacert /run/tls/ca.crt \
    INFO replication | grep -q -e "^role:master" -e "^master_link_status:up"
