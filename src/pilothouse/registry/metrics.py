"""What updates count (upstream: endpoints/metrics/metrics.go, RecordTimestampComparisonLatency)."""

from typing import Final

from pilothouse.observability.metrics import ALPHA, REGISTRY

UNEQUAL_FAST: Final = "unequal_objects_fast"
UNEQUAL_SLOW: Final = "unequal_objects_slow"
EQUAL: Final = "equal_objects"
_BUCKETS = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 5.0)
_comparisons = REGISTRY.histogram(
    "apiserver_request_timestamp_comparison_time",
    "Time taken for comparison of old vs new objects in UPDATE or PATCH requests", ("code_path",), ALPHA, _BUCKETS,
)


def compared(path: str, seconds: float) -> None:
    """Old and new were compared, by one of the ways above."""
    _comparisons.labels(path).observe(seconds)
