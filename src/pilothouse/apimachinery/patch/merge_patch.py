"""JSON merge patch, RFC 7386, as kube-apiserver's library does it.

(upstream: gopkg.in/evanphx/json-patch.v4 merge.go) Nulls are removed from what is new; a list that replaces an
object keeps the nulls inside.
"""

from typing import Any

from pilothouse.apimachinery.patch.errors import wrong_type
from pilothouse.apimachinery.status import bad_request


def apply(doc: dict[str, Any], patch: Any, *, strict: bool = True) -> Any:
    """`doc` merged with `patch`, the decoded body.

    `strict` is False with fieldValidation=Ignore; then a list is taken as the new document. Raises 400 for a body
    that is no patch.
    """
    if isinstance(patch, dict):
        return _merge(doc, patch)
    if patch is not None and strict:
        raise wrong_type(patch, "value of type map[string]interface {}")
    if isinstance(patch, list):
        return _without_nulls(patch)
    raise bad_request("Invalid JSON Patch")


def _merge(doc: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    out = dict(doc)
    for name, value in patch.items():
        if value is None:
            out.pop(name, None)
            continue
        current = out.get(name)
        if not isinstance(current, dict):
            out[name] = _without_nulls(value)
        elif isinstance(value, dict):
            out[name] = _merge(current, value)
        else:
            out[name] = value
    return out


def _without_nulls(value: Any) -> Any:
    """Without the null members of objects, at any depth; null items of lists stay."""
    if isinstance(value, dict):
        return {name: _without_nulls(item) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value
