"""JSON patch, RFC 6902, with the quirks of the library that kube-apiserver uses.

(upstream: gopkg.in/evanphx/json-patch.v4 and jsonPatcher in apiserver endpoints/handlers/patch.go) Kept on purpose:
`replace` sets a key of an object that was not there; `copy` of such a key adds null; negative indexes count from
the end; a path need not begin with "/", what stands before the first one is ignored; the root cannot be added or
removed.
"""

import re
from typing import Any, Final, TypeAlias

import orjson

from pilothouse.apimachinery.patch.errors import decoding_text, rejected, wrong_type
from pilothouse.apimachinery.status import StatusError, bad_request, request_entity_too_large

MAX_OPERATIONS: Final = 10_000
MAX_COPY_BYTES: Final = 3 * 1024 * 1024
"""What `copy` operations of one patch may add up to."""

Container: TypeAlias = dict[str, Any] | list[Any]

_INDEX: Final = re.compile(r"[+-]?[0-9]{1,18}")
_END: Final = "-"
_FIELDS: Final = ("op", "path", "from")


class _NotApplicable(Exception):
    """The patch does not apply; clients are not told why."""


def apply(doc: Any, patch: Any, *, strict: bool = True, max_copy_bytes: int = MAX_COPY_BYTES) -> Any:
    """`doc` after the operations of `patch`, the decoded body.

    `strict` is False with fieldValidation=Ignore, which does not look at the operations' types. Raises StatusError:
    400 for a body that is no patch, 413 for too many operations, 422 for one that does not apply.
    """
    operations = _operations(patch, strict)
    if len(operations) > MAX_OPERATIONS:
        raise request_entity_too_large(
            f"The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {len(operations)}"
        )
    patcher = _Patcher(doc, max_copy_bytes)
    try:
        for operation in operations:
            patcher.run(operation)
    except _NotApplicable as e:
        raise rejected() from e
    return patcher.root["doc"]


def unknown_fields(patch: Any) -> list[str]:
    """Strict decoding errors of a valid patch, such as 'json patch unknown field "[0].foo"'."""
    return [
        f'json patch unknown field "[{i}].{name}"'
        for i, operation in enumerate(patch or ()) if isinstance(operation, dict)
        for name in operation if name not in (*_FIELDS, "value")
    ]


def _operations(patch: Any, strict: bool) -> list[dict[str, Any]]:
    if patch is None:
        return []
    if not isinstance(patch, list):
        if not strict:
            raise _no_patch(patch, "jsonpatch.Patch")
        raise wrong_type(patch, "value of type []handlers.jsonPatchOp")
    for operation in patch:
        if operation is None:
            continue
        if not isinstance(operation, dict):
            if not strict:
                raise _no_patch(operation, "jsonpatch.Operation")
            raise wrong_type(operation, "value of type handlers.jsonPatchOp")
        for name in _FIELDS if strict else ():
            value = operation.get(name)
            if value is not None and not isinstance(value, str):
                raise wrong_type(value, f"struct field jsonPatchOp.{name} of type string")
    return [operation or {} for operation in patch]


def _no_patch(value: Any, target: str) -> StatusError:
    return bad_request(decoding_text(value, f"value of type {target}"))


class _Patcher:
    """Runs operations on a document, copying what it changes on the way to it."""

    def __init__(self, doc: Any, max_copy_bytes: int) -> None:
        self.root: dict[str, Any] = {"doc": doc}
        self._own = {id(self.root)}
        """Containers made here: these may be changed. They live as long as the patcher's document needs them, and
        an id that is used again belongs to a container made here, too."""
        self._copied = 0
        self._max_copied = max_copy_bytes

    def run(self, operation: dict[str, Any]) -> None:
        match operation.get("op"):
            case "add":
                self._add(_pointer(operation, "path"), operation.get("value"))
            case "remove":
                _remove(*self._find(_pointer(operation, "path")))
            case "replace":
                self._replace(_pointer(operation, "path"), operation.get("value"))
            case "move":
                self._move(operation)
            case "copy":
                self._copy(operation)
            case "test":
                self._test(_pointer(operation, "path"), operation.get("value"))
            case _:
                raise _NotApplicable

    def _find(self, pointer: str) -> tuple[Container, str]:
        """The container that the pointer's last token is about, ready to be changed, and the token."""
        _, *tokens = pointer.split("/")
        if not tokens:
            raise _NotApplicable
        container: Container = self._owned(self.root, "doc")
        for token in tokens[:-1]:
            container = self._owned(container, _unescape(token))
        return container, _unescape(tokens[-1])

    def _owned(self, parent: Container, token: str) -> Container:
        child = _get(parent, token)
        if not isinstance(child, dict | list):
            raise _NotApplicable
        if id(child) not in self._own:
            child = child.copy()
            self._own.add(id(child))
            _set(parent, token, child)
        return child

    def _add(self, pointer: str, value: Any) -> None:
        container, token = self._find(pointer)
        if isinstance(container, dict):
            container[token] = value
        elif token == _END:
            container.append(value)
        else:
            container.insert(_index(token, len(container) + 1), value)

    def _replace(self, pointer: str, value: Any) -> None:
        if pointer == "":
            if not isinstance(value, dict | list):
                raise _NotApplicable
            self.root["doc"] = value
            return
        container, token = self._find(pointer)
        _set(container, token, value)

    def _move(self, operation: dict[str, Any]) -> None:
        container, token = self._find(_pointer(operation, "from"))
        value = _get(container, token)
        _remove(container, token)
        self._add(_pointer(operation, "path"), value)

    def _copy(self, operation: dict[str, Any]) -> None:
        container, token = self._find(_pointer(operation, "from"))
        value = _get(container, token)
        pointer = _pointer(operation, "path")
        if value is not None:
            encoded = orjson.dumps(value)
            self._copied += len(encoded)
            if self._copied > self._max_copied > 0:
                raise _NotApplicable
            value = orjson.loads(encoded)
        self._add(pointer, value)

    def _test(self, pointer: str, expected: Any) -> None:
        if pointer == "":
            value = self.root["doc"]
        else:
            value = _get(*self._find(pointer))
        if not same(value, expected):
            raise _NotApplicable


def _pointer(operation: dict[str, Any], name: str) -> str:
    pointer = operation.get(name)
    if not isinstance(pointer, str):
        raise _NotApplicable
    return pointer


def _unescape(token: str) -> str:
    return token.replace("~1", "/").replace("~0", "~") if "~" in token else token


def _index(token: str, size: int) -> int:
    if not _INDEX.fullmatch(token):
        raise _NotApplicable
    index = int(token)
    if not -size <= index < size:
        raise _NotApplicable
    return index + size if index < 0 else index


def _get(container: Container, token: str) -> Any:
    """A missing key of an object reads as null."""
    if isinstance(container, dict):
        return container.get(token)
    return container[_index(token, len(container))]


def _set(container: Container, token: str, value: Any) -> None:
    if isinstance(container, dict):
        container[token] = value
    else:
        container[_index(token, len(container))] = value


def _remove(container: Container, token: str) -> None:
    if isinstance(container, dict):
        if token not in container:
            raise _NotApplicable
        del container[token]
    else:
        del container[_index(token, len(container))]


def same(a: Any, b: Any) -> bool:
    """Equality of JSON values that tells 1 from 1.0 and from true, as comparing texts does."""
    if a.__class__ is not b.__class__:
        return False
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(v, b[k]) for k, v in a.items())
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a == b)
