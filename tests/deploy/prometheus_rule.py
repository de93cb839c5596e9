"""The alert rules as the Prometheus operator takes them: `python -m tests.deploy.prometheus_rule` writes the file anew.

Kustomize cannot put a file into a custom resource, so the rules stand twice; a test holds the two equal.
"""

from pathlib import Path

DEPLOY = Path(__file__).parents[2] / "infra" / "deploy"
RULES = DEPLOY / "observability" / "rules.yaml"
PROMETHEUS_RULE = DEPLOY / "kubernetes" / "base" / "rules.yaml"
HEAD = """\
# Made of infra/deploy/observability/rules.yaml by `python -m tests.deploy.prometheus_rule`: change the rules there.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: annals
  labels: {app.kubernetes.io/name: annals, app.kubernetes.io/component: rules}
spec:
"""


def prometheus_rule(rules: str) -> str:
    """The text of a Prometheus rule file as the text of a PrometheusRule."""
    lines = rules[rules.index("groups:") :].splitlines()
    return HEAD + "".join(f"  {line}\n" if line else "\n" for line in lines)


if __name__ == "__main__":
    PROMETHEUS_RULE.write_text(prometheus_rule(RULES.read_text("utf-8")), "utf-8")
