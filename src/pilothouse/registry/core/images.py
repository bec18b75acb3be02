"""Names of container images (upstream: pkg/util/parsers and github.com/distribution/reference)."""

import re
from functools import lru_cache

_COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_PATH = rf"{_COMPONENT}(?:/{_COMPONENT})*"
_HOST = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_DOMAIN = rf"(?:{_HOST}(?:\.{_HOST})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
_TAG = r"\w[\w.-]{0,127}"
_DIGEST = r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}"
_REFERENCE = re.compile(rf"(?:{_DOMAIN}/)?{_PATH}(?::(?P<tag>{_TAG}))?(?:@(?P<digest>{_DIGEST}))?", re.ASCII)
_IDENTIFIER = re.compile(r"[a-f0-9]{64}")


@lru_cache(4096)
def pull_policy(image: str) -> str:
    """The default pull policy: Always for the tag "latest", given or implied. A name that is none counts as tagged."""
    if _IDENTIFIER.fullmatch(image):
        return "IfNotPresent"
    domain, slash, rest = image.partition("/")
    if not slash or ("." not in domain and ":" not in domain and domain != "localhost" and domain == domain.lower()):
        rest = image
    match = _REFERENCE.fullmatch(rest)
    if match is None or (rest is not image and not _REFERENCE.fullmatch(image)):
        return "IfNotPresent"
    tag = match["tag"] or ("" if match["digest"] else "latest")
    return "Always" if tag == "latest" else "IfNotPresent"
