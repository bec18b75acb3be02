"""Operation ids and tags (upstream: k8s.io/apiserver pkg/endpoints/openapi/openapi.go)."""

import re

_WORD = re.compile(r"[^A-Za-z0-9_]+")


def identifier(text: str, *, capitalized: bool) -> str:
    """Punctuation taken out, in camel case: "rbac.authorization" is "rbacAuthorization", ".known" is "Known"."""
    first, *words = _WORD.split(text)
    if capitalized:
        first = first[:1].upper() + first[1:]
    return first + "".join(word[:1].upper() + word[1:] for word in words)


def tag(root: str) -> str:
    """The tag of everything below the path `root`: "apis/apps/v1" is "apps_v1", "api/v1" is "core_v1"."""
    return "_".join(identifier(part, capitalized=False) for part in _group_parts(root))


def operation_id(verb: str, root: str, rest: str) -> str:
    """`verb` + the group and version of `root` + `rest`: "listCoreV1NamespacedPod"."""
    parts = [] if root == "apis" else _group_parts(root)
    return verb + "".join(identifier(part, capitalized=True) for part in parts) + rest


def titled(subresource: str) -> str:
    return subresource[:1].upper() + subresource[1:].lower()


def article(noun: str) -> str:
    """ " a " or " an ", or a blank before what looks like a plural."""
    if noun.endswith("s") and not noun.endswith("ss"):
        return " "
    return " an " if noun[0].lower() in "aeiou" else " a "


def _group_parts(root: str) -> list[str]:
    parts = root.strip("/").split("/")
    if parts[0] == "api":
        parts = ["apis", "core", *parts[1:]]
    if len(parts) > 1 and parts[0] == "apis":
        return [parts[1].removesuffix(".k8s.io"), *parts[2:3]]
    return parts[:1]
