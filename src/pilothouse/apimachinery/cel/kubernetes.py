"""The environments of kube-apiserver: which libraries expressions have (apiserver pkg/cel/environment/base.go).

Upstream compiles new expressions with the libraries of the version before its own, so that a downgrade can read them,
and stored ones with all. At 1.36 the newest library is of 1.34: both are the same.
"""

from collections.abc import Mapping
from functools import lru_cache

from pilothouse.apimachinery.cel import macros
from pilothouse.apimachinery.cel.environment import Environment
from pilothouse.apimachinery.cel.libraries import (
    authorizer,
    formats,
    lists,
    network,
    quantities,
    strings,
)
from pilothouse.apimachinery.cel.types import Type


@lru_cache(maxsize=1)
def base() -> Environment:
    """The environment that all others extend; it has no variables."""
    return Environment(
        libraries=(
            network.library(), lists.kubernetes_lists(), authorizer.library(), quantities.quantities(),
            strings.library(), lists.sets(), network.addresses(), formats.library(),
            lists.two_variable_comprehensions(), quantities.semvers(), lists.extended_lists(),
        ),
        macro_table={**macros.TWO_VARIABLES, **lists.MACROS},
    )


def environment(variables: Mapping[str, Type], *types: Type) -> Environment:
    """The base environment with variables and declared object types."""
    return base().extended(variables, types)
