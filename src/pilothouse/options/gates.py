"""Feature gates (upstream: k8s.io/component-base featuregate). All of kube-apiserver's are known by name.

`gates.tsv`: gate, stage, default, and "locked" where the value cannot be changed. A gate may be set to
another value than its default only when Pilothouse has both behaviours: `SWITCHABLE`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pilothouse.options import values

SWITCHABLE: frozenset[str] = frozenset({
    "APIResponseCompression", "AllowParsingUserUIDFromCertAuth", "ClusterTrustBundle", "ConstrainedImpersonation",
    "GenericWorkload", "PodCertificateRequest", "StorageVersionMigrator", "UnauthenticatedHTTP2DOSMitigation",
})


@dataclass(frozen=True, slots=True)
class Gate:
    stage: str
    default: bool
    locked: bool


@cache
def known() -> Mapping[str, Gate]:
    lines = Path(__file__).with_name("gates.tsv").read_text("utf-8").splitlines()
    rows = (line.split("\t") for line in lines[1:])
    return {name: Gate(stage, default == "true", locked == "locked") for name, stage, default, locked in rows}


@dataclass(frozen=True, slots=True)
class FeatureGates:
    """The gates as set. Read once in constructors, not per request."""

    changed: Mapping[str, bool]

    def enabled(self, name: str) -> bool:
        """Raises KeyError for a gate that does not exist."""
        if name in self.changed:
            return self.changed[name]
        return known()[name].default

    def described(self) -> Iterator[tuple[str, str, bool]]:
        """(name, stage, enabled) of every gate; the stage of a GA feature is "", as metrics have it."""
        for name, gate in known().items():
            yield name, "" if gate.stage == "GA" else gate.stage, self.changed.get(name, gate.default)


def resolve(texts: Mapping[str, str]) -> tuple[FeatureGates, list[str]]:
    """The gates that `--feature-gates` asks for, and every error in it."""
    changed: dict[str, bool] = {}
    errors: list[str] = []
    for name, text in texts.items():
        gate = known().get(name)
        try:
            value = values.boolean(text)
        except ValueError as problem:
            errors.append(f"invalid value of {name}={text}, err: {problem}" if text
                          else f"missing bool value for {name}")
            continue
        if gate is None:
            errors.append(f"unrecognized feature gate: {name}")
        elif value == gate.default:
            continue
        elif gate.locked:
            errors.append(f"cannot set feature gate {name} to {str(value).lower()}, "
                          f"feature is locked to {str(gate.default).lower()}")
        elif name not in SWITCHABLE:
            errors.append(f"feature gate {name}={str(value).lower()} is not supported by Pilothouse yet")
        else:
            changed[name] = value
    return FeatureGates(changed), errors
