"""What validating custom resources counts (upstream: apiextensions-apiserver pkg/apiserver/validation/metrics.go)."""

from pilothouse.observability.metrics import ALPHA, REGISTRY

#: From 10 µs to 2.6 s.
_BUCKETS = tuple(0.00001 * 4**n for n in range(10))

ratcheted = REGISTRY.histogram(
    "apiextensions_apiserver_validation_ratcheting_seconds",
    "Time for comparison of old to new for the purposes of CRDValidationRatcheting during an UPDATE in seconds.",
    (), ALPHA, _BUCKETS,
).labels().observe
