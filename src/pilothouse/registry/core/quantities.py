"""Rounding of resource lists (upstream: SetDefaults_ResourceList)."""

from collections.abc import Mapping
from decimal import ROUND_UP, Decimal
from typing import Any


def round_up(resources: dict[str, Any] | None) -> None:
    """Rounds canonical quantities below milli scale ("1500u", "20n") up to milli, in place."""
    if not resources:
        return
    for key, value in resources.items():
        if isinstance(value, str) and value[-1:] in _BELOW_MILLI:
            milli = (Decimal(value[:-1]) * _BELOW_MILLI[value[-1]]).to_integral_value(ROUND_UP)
            resources[key] = _canonical_milli(int(milli))


def _canonical_milli(milli: int) -> str:
    return str(milli // 1000) if milli % 1000 == 0 else f"{milli}m"


_BELOW_MILLI: Mapping[str, Decimal] = {"u": Decimal("0.001"), "n": Decimal("0.000001")}
