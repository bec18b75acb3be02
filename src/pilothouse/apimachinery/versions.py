"""The order of API versions (upstream: apimachinery pkg/version/helpers.go, CompareKubeAwareVersionStrings)."""

from __future__ import annotations

import re

_KUBE_VERSION = re.compile(r"v([0-9]+)(?:(alpha|beta)([0-9]+))?")
_RANKS = {None: 0, "beta": 1, "alpha": 2}


def preference(version: str) -> tuple[int, int, int, int, str]:
    """A sort key by which the most preferred version comes first: v2, v1, v1beta2, v1beta1, v1alpha1, then others by
    name."""
    match = _KUBE_VERSION.fullmatch(version)
    if match is None:
        return 1, 0, 0, 0, version
    major, stage, minor = match.groups()
    return 0, _RANKS[stage], -int(major), -int(minor or 0), ""
