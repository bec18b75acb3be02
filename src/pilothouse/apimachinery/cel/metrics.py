"""How long rules of definitions take (upstream: k8s.io/apiserver pkg/cel/metrics, used there for nothing else)."""

from pilothouse.observability.metrics import BETA, REGISTRY

_compilations = REGISTRY.histogram(
    "apiserver_cel_compilation_duration_seconds", "CEL compilation time in seconds.", (), BETA
)
_evaluations = REGISTRY.histogram(
    "apiserver_cel_evaluation_duration_seconds", "CEL evaluation time in seconds.", (), BETA
)

#: Each takes the seconds of compiling the rules of one node of a schema, or of looking at one value with all below it.
compiled = _compilations.labels().observe
evaluated = _evaluations.labels().observe
