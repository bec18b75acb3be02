"""The rules of runtime classes (upstream: pkg/registry/node/runtimeclass/strategy.go)."""

from pilothouse.registry.rest import Strategy


class RuntimeClassStrategy(Strategy):
    allow_create_on_update = True
    allow_unconditional_update = False
