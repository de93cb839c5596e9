"""The files among the manifests that are made of something else: `python -m tests.deploy.made_files` writes them anew.

Kustomize cannot put a file into a custom resource, nor run a command, so these things stand twice; a test holds each
equal to what it is made of.
"""

from contracts.topics import Topics
from infra.accounts import Account
from infra.cli.acl_lines import strimzi_lines
from infra.kafka.access import Installation
from infra.kafka.grants import grants, principals
from infra.redis.acl import ASKING_RULES, SENTINELS_RULES, rules_of, user_of
from tests.deploy.kubernetes import BASE, PRODUCTION
from workers.domain import contexts

RULES = BASE.parents[1] / "observability" / "rules.yaml"
KAFKA = "annals-kafka"
ON_REDIS = (Account.PROJECTION, Account.GATEWAY, Account.AUDIT, Account.OPERATOR)
"""The accounts whose processes open a client of Redis."""

RULE_HEAD = """\
# Made of infra/deploy/observability/rules.yaml by `python -m tests.deploy.made_files`: change the rules there.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: annals
  labels: {app.kubernetes.io/name: annals, app.kubernetes.io/component: rules}
spec:
"""
USERS_HEAD = f"""\
# Made by `annals topics acls --format strimzi --cluster {KAFKA}`, after each change of what a role may do. Strimzi
# keeps the password of each user in a Secret of its name.
"""


def prometheus_rule() -> str:
    """The alert rules as the Prometheus operator takes them."""
    rules = RULES.read_text("utf-8")
    lines = rules[rules.index("groups:") :].splitlines()
    return RULE_HEAD + "".join(f"  {line}\n" if line else "\n" for line in lines)


def kafka_users() -> str:
    """The users of Kafka, with their ACLs."""
    installation = Installation(Topics(""), contexts())
    lines = strimzi_lines(list(grants(principals([], contexts()), installation)), KAFKA)
    return USERS_HEAD + "".join(f"{line}\n" for line in lines)


def redis_accounts() -> str:
    """The users on the servers of Redis, each with its rules: the accounts, and `watcher` for the sentinels."""
    rules = {user_of(account): rules_of(account) for account in ON_REDIS} | {"watcher": SENTINELS_RULES}
    return "".join(f"{user} {own}\n" for user, own in rules.items())


def asking() -> str:
    """The rules of the user by which Annals asks the sentinels."""
    return f"{ASKING_RULES}\n"


MADE = {
    BASE / "rules.yaml": prometheus_rule,
    PRODUCTION / "kafka-users.yaml": kafka_users,
    PRODUCTION / "valkey" / "accounts.acl": redis_accounts,
    PRODUCTION / "valkey" / "asking.acl": asking,
}


if __name__ == "__main__":
    for path, made in MADE.items():
        path.write_text(made(), "utf-8")
