"""Bodies and patched documents to objects: decoded, defaulted, with metadata, without kind and apiVersion."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from pilothouse.apimachinery import status
from pilothouse.apimachinery.aside import is_heavy
from pilothouse.apimachinery.codec import encode, json, protobuf, yaml
from pilothouse.apimachinery.codec.decode_object import IGNORE, STRICT, WARN, ObjectDecoder
from pilothouse.apimachinery.gvk import GroupVersion, GroupVersionKind
from pilothouse.apimachinery.schema import catalog
from pilothouse.apimachinery.schema.decode import DecodeError, decoder
from pilothouse.apimachinery.schema.model import Type
from pilothouse.apimachinery.schema.unstructured import converted
from pilothouse.endpoints.negotiation import PROTOBUF, YAML
from pilothouse.endpoints.options import checked_delete_options
from pilothouse.registry.rest import DeleteOptions, Object

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context

__all__ = ["IGNORE", "STRICT", "WARN", "Bodies", "BodyCodec", "decode_delete_options"]

_META_SCHEME = "k8s.io/apimachinery/pkg/apis/meta/internalversion/scheme/register.go:27"
_DELETE_OPTIONS = GroupVersionKind("meta.k8s.io", "v1", "DeleteOptions")
_CANNOT = " cannot be handled as a "


class Bodies(Protocol):
    """What one endpoint takes, and how its objects are written. Built-in kinds have a `BodyCodec`.

    `type` is the schema that merges and field managers read; it may be made when it is first asked for. `routed`:
    whether the endpoint has a route of its own, as those of built-in kinds have. Custom resources have none: they take
    no strategic merge patches, and refuse media types in the words of their handler. `typed`: whether there is a
    protobuf form.
    """

    @property
    def type(self) -> Type: ...

    @property
    def routed(self) -> bool: ...

    @property
    def typed(self) -> bool: ...

    def decode(self, data: bytes, media_type: str, validation: str, ctx: Context) -> Object:
        """The object of a request body; warnings go to `ctx`. Raises 400."""
        ...

    def is_heavy(self, data: bytes) -> bool:
        """Whether to decode a body, or to patch with it, is work to do aside (see `aside`)."""
        ...

    def has_grown(self, data: bytes, obj: Object) -> bool:
        """Whether a body that was not heavy has become an object that is, by its defaults."""
        ...

    def patched(self, document: Any, unknown: list[str], *, check_kind: bool) -> Object:
        """The object of a patched document; fields nobody knows are told in `unknown`. Raises ValueError with
        Go's text for one that does not fit, and with `check_kind` for one of another kind."""
        ...

    def completed(self, applied: Object) -> Object:
        """The result of an apply in normal form. Raises ValueError with Go's text for one that does not fit."""
        ...

    def encode(self, obj: Object) -> bytes:
        """Compact JSON in the form in which objects are stored."""
        ...


class BodyCodec:
    """Decodes what one endpoint takes. `internal_kind` is Go's name of the kind in error texts."""

    typed = True


    def __init__(
        self,
        gvk: GroupVersionKind,
        internal_kind: str,
        *,
        type: Type | None = None,
        default: Callable[[Object], None] | None = None,
        accepts: Sequence[GroupVersion] = (),
        routed: bool = True,
    ) -> None:
        found = type or catalog.type_for(gvk)
        if found is None:
            raise LookupError(f"no schema for {gvk}")
        self.type = found
        self.routed = routed
        self._gvk = gvk
        self._decoder = ObjectDecoder(gvk, internal_kind, type=found, accepts=tuple(accepts))
        self._decode = decoder(found, keep_empty=True)
        self._store = decoder(found)
        self._default = default

    def decode(self, data: bytes, media_type: str, validation: str, ctx: Context) -> Object:
        """The object of a request body; warnings go to `ctx`. Raises 400."""
        decoded = self._decoder.decode(data, media_type, validation)
        for text in decoded.warnings:
            ctx.warn(text)
        return self._finished(decoded.obj)

    def is_heavy(self, data: bytes) -> bool:
        return is_heavy(data)

    def has_grown(self, data: bytes, obj: Object) -> bool:
        return False

    def patched(self, document: Any, unknown: list[str], *, check_kind: bool) -> Object:
        """The object of a patched document; fields nobody knows are told in `unknown`. Raises ValueError with
        Go's text for one that does not fit, and with `check_kind` for one of another kind."""
        if check_kind:
            self._check_kind(document)
            return self._finished(self._decode(document, unknown))
        return self._finished(self._converted(document, unknown))

    def completed(self, applied: Object) -> Object:
        """The result of an apply in normal form. Raises ValueError with Go's text for one that does not fit."""
        return self._finished(self._converted(applied, None))

    def _converted(self, document: Any, unknown: list[str] | None) -> Object:
        """As Go converts documents that it holds already."""
        try:
            obj: Object = self._decode(document, unknown)
        except DecodeError:
            obj = self._decode(converted(self.type, document), unknown)
        return obj

    def encode(self, obj: Object) -> bytes:
        """Compact JSON in Go's form and field order, without kind and apiVersion."""
        normal = self._store(obj, None)
        return encode.encode({name: value for name, value in normal.items() if name not in _TYPE_META})[:-1]

    def _finished(self, obj: Object) -> Object:
        obj = _bare(obj)
        if obj.get("metadata") is None:
            obj["metadata"] = {}
        if self._default is not None:
            self._default(obj)
        return obj

    def _check_kind(self, document: Any) -> None:
        if (
            isinstance(document, dict) and document.get("kind") == self._gvk.kind
            and document.get("apiVersion") == self._gvk.api_version
        ):
            return
        try:
            self._decoder.decode(encode.encode(document), None, IGNORE)
        except status.StatusError as e:
            _, marker, detail = e.message.partition(f"{_CANNOT}{self._gvk.kind}: ")
            raise ValueError(detail if marker else e.message) from None


_TYPE_META = ("kind", "apiVersion")


def _bare(obj: Object) -> Object:
    for name in _TYPE_META:
        obj.pop(name, None)
    return obj


def decode_delete_options(data: bytes, media_type: str) -> DeleteOptions:
    """metav1.DeleteOptions of any group version, as older clients send them. Raises 400 and 422."""
    try:
        if media_type == PROTOBUF:
            value: Any = _delete_options_of(data)
        else:
            value = yaml.loads(data) if media_type == YAML else json.loads(data)
    except DecodeError as e:
        raise status.bad_request(str(e)) from None
    except yaml.YAMLError as e:
        raise status.bad_request(f"error converting YAML to JSON: {e}") from None
    except json.SyntaxError as e:
        raise status.bad_request(f"couldn't get version/kind; json parse error: {e}") from None
    if value is not None and not isinstance(value, dict):
        raise status.bad_request("couldn't get version/kind; json parse error: the body is no object")
    value = value or {}
    kind = value.get("kind") or _DELETE_OPTIONS.kind
    if kind != _DELETE_OPTIONS.kind:
        raise status.bad_request(
            f'no kind "{kind}" is registered for version "{value.get("apiVersion") or "meta.k8s.io/v1"}" '
            f'in scheme "{_META_SCHEME}"'
        )
    try:
        options = decoder(_delete_options_type())(value, None)
    except DecodeError as e:
        raise status.bad_request(str(e)) from None
    preconditions = options.get("preconditions") or {}
    return checked_delete_options(
        grace_period_seconds=options.get("gracePeriodSeconds"),
        uid=preconditions.get("uid"),
        resource_version=preconditions.get("resourceVersion"),
        propagation_policy=options.get("propagationPolicy"),
        orphan_dependents=options.get("orphanDependents"),
        dry_run=options.get("dryRun") or (),
    )


def _delete_options_of(data: bytes) -> Object:
    envelope = protobuf.open_envelope(data)
    obj = protobuf.decoder(_delete_options_type())(envelope.raw)
    return {"kind": envelope.kind, "apiVersion": envelope.api_version, **obj}


def _delete_options_type() -> Type:
    type = catalog.type_named("io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions")
    if type is None:
        raise LookupError("no schema for DeleteOptions")
    return type
