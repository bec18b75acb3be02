"""The order of API versions (upstream: apimachinery pkg/version, CompareKubeAwareVersionStrings)."""

import re
from typing import Final

_VERSION: Final = re.compile(r"v(\d+)(?:(alpha|beta)(\d+))?\Z", re.ASCII)
_STABILITY: Final = {None: 0, "beta": 1, "alpha": 2}


def version_rank(name: str) -> tuple[int, int, int, str]:
    """A sorting key, best first: v10, v2, v1, v1beta2, v1beta1, v1alpha1, then other names by the alphabet."""
    found = _VERSION.match(name)
    if found is None:
        return len(_STABILITY), 0, 0, name
    major, word, minor = found.groups()
    return _STABILITY[word], -int(major), -int(minor or 0), ""
