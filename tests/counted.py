"""How much the workers' counters have grown, by the metric names and labels that dashboards use."""

from prometheus_client import REGISTRY


class Counted:
    """The growth since this object was made. A counter that does not exist yet counts as 0."""

    def __init__(self, **of: dict[str, str]) -> None:
        self._of = of
        self._before = self._now()

    def _now(self) -> dict[str, float]:
        return {name: REGISTRY.get_sample_value(name, labels) or 0.0 for name, labels in self._of.items()}

    def grown(self) -> dict[str, float]:
        """The growth of each counter, by name."""
        return {name: value - self._before[name] for name, value in self._now().items()}
