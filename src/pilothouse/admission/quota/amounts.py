"""Arithmetic on resource lists (upstream: k8s.io/apiserver pkg/quota/v1/resources.go)."""

from collections.abc import Iterable, Mapping

from pilothouse.admission.quota.podresources import Amounts
from pilothouse.apimachinery.quantity import Quantity

_ZERO = Quantity()


def add(a: Mapping[str, Quantity], b: Mapping[str, Quantity]) -> Amounts:
    result = dict(a)
    for name, value in b.items():
        result[name] = result[name] + value if name in result else value
    return result


def subtract_not_below_zero(a: Mapping[str, Quantity], b: Mapping[str, Quantity]) -> Amounts:
    result: Amounts = {}
    for name in (*a, *(n for n in b if n not in a)):
        left = a[name] - b[name] if name in a and name in b else a.get(name, _ZERO)
        result[name] = left if left.sign() > 0 else _ZERO
    return result


def mask(a: Mapping[str, Quantity], names: Iterable[str]) -> Amounts:
    wanted = set(names)
    return {k: v for k, v in a.items() if k in wanted}


def without_zeros(a: Mapping[str, Quantity]) -> Amounts:
    return {k: v for k, v in a.items() if v}


def exceeded(a: Mapping[str, Quantity], bounds: Mapping[str, Quantity]) -> list[str]:
    """The names in which `a` is over `bounds`."""
    return [k for k, bound in bounds.items() if k in a and bound < a[k]]


def text(a: Mapping[str, Quantity]) -> str:
    """"cpu=1,pods=2", sorted by name."""
    return ",".join(f"{k}={v}" for k, v in sorted(a.items()))
