"""How much what the workers count has grown meanwhile: by the names and labels that dashboards rely on."""

from prometheus_client import REGISTRY


class Counted:
    """Since this was made; what is not there yet counts as nothing."""

    def __init__(self, **of: dict[str, str]) -> None:
        self._of = of
        self._before = self._now()

    def _now(self) -> dict[str, float]:
        return {name: REGISTRY.get_sample_value(name, labels) or 0.0 for name, labels in self._of.items()}

    def grown(self) -> dict[str, float]:
        """By name."""
        return {name: value - self._before[name] for name, value in self._now().items()}
