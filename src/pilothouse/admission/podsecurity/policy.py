"""What a namespace's labels ask for (upstream: k8s.io/pod-security-admission/api)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from pilothouse.apimachinery import field
from pilothouse.apimachinery.numbers import whole

PRIVILEGED: Final = "privileged"
BASELINE: Final = "baseline"
RESTRICTED: Final = "restricted"
LEVELS: Final = (PRIVILEGED, BASELINE, RESTRICTED)
PREFIX: Final = "pod-security.kubernetes.io/"
#: A version is the minor of "v1.x"; the latest is newer than any.
LATEST: Final = 1 << 63

_VERSION = re.compile(r"v1\.([0-9]|[1-9][0-9]*)").fullmatch


@dataclass(frozen=True, slots=True)
class LevelVersion:
    level: str = PRIVILEGED
    version: int = LATEST

    def __str__(self) -> str:
        return f"{self.level}:{'latest' if self.version == LATEST else f'v1.{self.version}'}"


@dataclass(frozen=True, slots=True)
class Policy:
    enforce: LevelVersion = LevelVersion()
    audit: LevelVersion = LevelVersion()
    warn: LevelVersion = LevelVersion()

    @property
    def fully_privileged(self) -> bool:
        return self.enforce.level == self.audit.level == self.warn.level == PRIVILEGED


DEFAULT: Final = Policy()


def strictness(level: str) -> int:
    return LEVELS.index(level)


def parse(labels: Mapping[str, str]) -> tuple[Policy, list[field.Error]]:
    """The policy that the labels mean, and what is wrong with them. What cannot be read enforces "restricted"
    at the latest version, and neither audits nor warns."""
    if not any(k.startswith(PREFIX) for k in labels):
        return DEFAULT, []
    errors: list[field.Error] = []
    enforce, enforce_given, _ = _mode(labels, "enforce", RESTRICTED, errors)
    audit, _, _ = _mode(labels, "audit", PRIVILEGED, errors)
    warn, _, warn_version = _mode(labels, "warn", PRIVILEGED, errors)
    # who enforces more than is warned about is also warned about that
    asked = PREFIX + "warn" in labels
    if enforce_given and not asked and strictness(enforce.level) > strictness(warn.level):
        warn = LevelVersion(enforce.level, warn.version if warn_version else enforce.version)
    return Policy(enforce, audit, warn), errors


def _mode(
    labels: Mapping[str, str], mode: str, fallback: str, errors: list[field.Error]
) -> tuple[LevelVersion, bool, bool]:
    """(what is meant, whether a good level is given, whether a version is given)."""
    found = LevelVersion()
    level, version = labels.get(PREFIX + mode), labels.get(f"{PREFIX}{mode}-version")
    good = level in LEVELS
    if level is not None:
        found = replace(found, level=level if good else fallback)
        if not good:
            errors.append(_invalid(mode, level, "must be one of " + ", ".join(LEVELS)))
    if version is not None and version != "latest":
        match = _VERSION(version)
        if match is None or whole(match[1]) >= LATEST:
            errors.append(_invalid(f"{mode}-version", version, 'must be "latest" or "v1.x"'))
        else:
            found = replace(found, version=whole(match[1]))
    return found, good, version is not None


def _invalid(label: str, value: str, text: str) -> field.Error:
    return field.invalid(field.key("metadata.labels", PREFIX + label), value, text)
