"""What a scrape shows."""

from pilothouse.observability.metrics import REGISTRY, Registry


def samples(registry: Registry = REGISTRY) -> dict[str, float]:
    """Value by name and labels, as they are written: `{'requests_total{code="200"}': 2.0}`."""
    found = {}
    for line in registry.render().decode().splitlines():
        if not line.startswith("#"):
            name, _, value = line.rpartition(" ")
            found[name] = float(value)
    return found
