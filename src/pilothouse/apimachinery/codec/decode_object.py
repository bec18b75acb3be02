"""Request bodies to objects (upstream: apimachinery pkg/runtime/serializer, endpoints/handlers/rest.go).

An `ObjectDecoder` is made once for each endpoint. It reads JSON, YAML or protobuf, finds out which kind the body is,
decodes it by its type, and words what is wrong as kube-apiserver does.
"""

from dataclasses import dataclass, field
from typing import Any

from pilothouse.apimachinery import status
from pilothouse.apimachinery.codec import json, protobuf, yaml
from pilothouse.apimachinery.gvk import GroupVersion, GroupVersionKind
from pilothouse.apimachinery.schema import catalog
from pilothouse.apimachinery.schema.decode import DecodeError, decoder
from pilothouse.apimachinery.schema.decode_error import TypeMismatch
from pilothouse.apimachinery.schema.model import Type
from pilothouse.apimachinery.schema.strict import merged, strict_errors

JSON = "application/json"
YAML = "application/yaml"
PROTOBUF = "application/vnd.kubernetes.protobuf"

#: How kube-apiserver names its scheme in error texts (the place where the variable is declared).
LEGACY_SCHEME = "pkg/api/legacyscheme/scheme.go:30"

IGNORE, WARN, STRICT = "Ignore", "Warn", "Strict"

#: Kinds that upstream's scheme knows beside those with a schema: in every group version, and in v1.
_OPTIONS = frozenset((
    "CreateOptions", "DeleteOptions", "GetOptions", "ListOptions", "PatchOptions", "UpdateOptions", "WatchEvent",
))  # fmt: skip
_CORE = frozenset((
    "List", "NodeProxyOptions", "PodAttachOptions", "PodExecOptions", "PodLogOptions", "PodPortForwardOptions",
    "PodProxyOptions", "PodStatusResult", "RangeAllocation", "SerializedReference", "ServiceProxyOptions",
))  # fmt: skip
#: Groups whose kinds of one name are the same object internally.
_SAME_GROUP = {"events.k8s.io": ""}

_ENVELOPE = 'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }'


@dataclass(slots=True)
class Decoded:
    """`obj` has kind and apiVersion first and is in the normal form of an object that is not stored yet (empty lists
    are kept); `warnings` are texts for Warning headers."""

    obj: dict[str, Any]
    gvk: GroupVersionKind
    warnings: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Document:
    """A parsed body. `pairs` is the same with duplicate keys, if there are any. What YAML's reader says of its
    duplicates is one strict error (`duplicates`) but a warning for each (`warnings`). Of a protobuf body `value` is
    what the envelope says, and `message` the rest, which only a type can read."""

    value: Any
    pairs: Any = None
    duplicates: str = ""
    warnings: list[str] = field(default_factory=list)
    message: bytes | None = None


class ObjectDecoder:
    """Decodes bodies of one endpoint.

    `gvk` is what the endpoint takes; `internal_kind` is Go's name for it ("core.ConfigMap"); `type` is its schema
    (default: the built-in one); `accepts` are further group versions in which it is taken (those without
    a schema have the same fields); `scheme` is named where a kind is unknown.
    """

    def __init__(
        self,
        gvk: GroupVersionKind,
        internal_kind: str,
        *,
        type: Type | None = None,
        accepts: tuple[GroupVersion, ...] = (),
        scheme: str = LEGACY_SCHEME,
    ) -> None:
        found = type or catalog.type_for(gvk)
        if found is None:
            raise LookupError(f"no schema for {gvk}")
        self._gvk = gvk
        self._api_version = gvk.api_version
        self._internal_kind = internal_kind
        self._type = found
        self._decode = decoder(found, keep_empty=True)
        self._accepts = (gvk.group_version, *accepts)
        self._scheme = scheme

    def decode(self, data: bytes, content_type: str | None, field_validation: str = WARN) -> Decoded:
        """Raises StatusError: 415 for a content type that is not taken, 400 for anything wrong in the body."""
        media_type = _media_type(content_type)
        try:
            document = parse_document(data, media_type)
            value = document.value
            if value.__class__ is dict and value.get("kind") == self._gvk.kind and (
                value.get("apiVersion") == self._api_version
            ):
                gvk = self._gvk
            else:
                gvk = identify(value, self._gvk)
        except ValueError as e:
            raise status.bad_request(
                f"the object provided is unrecognized (must be of type {self._gvk.kind}): {e} ({summary(data)})"
            ) from None
        try:
            obj, errors = self._convert(document, gvk)
            if errors and field_validation == STRICT:
                raise DecodeError(f"strict decoding error: {', '.join(errors)}")
        except DecodeError as e:
            raise status.bad_request(
                f'{gvk.kind} in version "{gvk.version}" cannot be handled as a {self._gvk.kind}: {e}'
            ) from None
        if gvk is not self._gvk and gvk.group_version not in self._accepts:
            raise status.bad_request(
                f"the API version in the data ({gvk.group_version}) does not match the expected API version "
                f"({self._gvk.group_version})"
            )
        if "kind" not in obj or "apiVersion" not in obj:
            obj = {"kind": gvk.kind, "apiVersion": gvk.api_version} | obj
        if field_validation == IGNORE:
            return Decoded(obj, gvk)
        return Decoded(obj, gvk, document.warnings + errors[bool(document.duplicates) :])

    def _convert(self, document: Document, gvk: GroupVersionKind) -> tuple[dict[str, Any], list[str]]:
        """The object and the errors that strict decoding finds in it."""
        type, decode = self._type, self._decode
        if gvk is not self._gvk and gvk != self._gvk:
            known = catalog.type_for(gvk)
            if known is not None:
                type, decode = known, decoder(known, keep_empty=True)
            elif gvk.kind != self._gvk.kind or gvk.group_version not in self._accepts:
                raise DecodeError(self._unknown_kind(gvk))
        errors = [document.duplicates] if document.duplicates else []
        if document.message is not None:
            obj = decode(_message(type, document.message), None)
        elif document.pairs is None:
            obj = decode(document.value, errors)
        else:
            obj = decode(merged(type, document.pairs), None)
            errors += strict_errors(type, document.pairs)
        if gvk is not self._gvk and not self._same_internally(gvk):
            raise DecodeError(f"converting ({type.go_name}) to ({self._internal_kind}): unknown conversion")
        return obj, errors

    def _same_internally(self, gvk: GroupVersionKind) -> bool:
        groups = {_SAME_GROUP.get(group, group) for group in (gvk.group, self._gvk.group)}
        return gvk.kind == self._gvk.kind and len(groups) == 1

    def _unknown_kind(self, gvk: GroupVersionKind) -> str:
        if gvk.kind in _OPTIONS or (gvk.group_version == ("", "v1") and gvk.kind in _CORE):
            return f"converting (v1.{gvk.kind}) to ({self._internal_kind}): unknown conversion"
        return f'no kind "{gvk.kind}" is registered for version "{gvk.group_version}" in scheme "{self._scheme}"'


def identify(value: Any, expected: GroupVersionKind) -> GroupVersionKind:
    """The kind of a parsed body, with what it does not say taken from the endpoint. Raises DecodeError."""
    if value is None:
        return expected
    try:
        if value.__class__ is not dict:
            raise TypeMismatch(value, _ENVELOPE)
        kind, api_version = _envelope_text(value, "kind"), _envelope_text(value, "apiVersion")
    except TypeMismatch as e:
        raise DecodeError(f"couldn't get version/kind; json parse error: {e}") from None
    if kind == expected.kind and api_version == expected.api_version:
        return expected
    group, version = GroupVersion.parse(api_version)
    if not version and group in ("", expected.group):
        group, version = expected.group, expected.version
    return GroupVersionKind(group, version, kind or expected.kind)


def _media_type(content_type: str | None) -> str:
    """Raises 415 for one that is not known."""
    if not content_type or content_type == JSON:
        return JSON
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type in (JSON, YAML, PROTOBUF):
        return media_type
    raise unsupported_media_type([JSON, YAML, PROTOBUF])


def unsupported_media_type(accepted: list[str]) -> status.StatusError:
    """415 (upstream: endpoints/handlers/negotiation/errors.go)."""
    return status.StatusError(
        415, status.REASON_UNSUPPORTED_MEDIA_TYPE,
        f"the body of the request was in an unknown format - accepted media types include: {', '.join(accepted)}",
    )


def parse_document(data: bytes, media_type: str) -> Document:
    """Raises ValueError for a body that is not of this media type."""
    if media_type == YAML:
        value, duplicates = yaml.load(data)
        return Document(value, None, yaml.strict_error(duplicates) if duplicates else "", duplicates)
    if media_type == PROTOBUF:
        envelope = protobuf.open_envelope(data)
        named = {"kind": envelope.kind, "apiVersion": _full_version(envelope.api_version)}
        return Document(named, message=envelope.raw)
    try:
        return Document(*json.load(data))
    except json.SyntaxError as e:
        raise json.SyntaxError(f"couldn't get version/kind; json parse error: {e}") from None


def _full_version(api_version: str) -> str:
    """What an envelope says, or nothing if it is malformed or lacks the version, as Go takes it."""
    try:
        return api_version if GroupVersion.parse(api_version).version else ""
    except ValueError:
        return ""


def _message(type: Type, message: bytes) -> dict[str, Any]:
    """A protobuf message as parsed JSON."""
    if not protobuf.has_messages(type):
        raise DecodeError(protobuf.not_marshalable(type))
    value = protobuf.decoder(type)(message)
    # messages are bounded by their decoder; kept JSON may add to that
    if message.count(b"{") + message.count(b"[") > json.MAX_DEPTH - 2 * protobuf.MAX_DEPTH and json.too_deep(value):
        raise DecodeError("exceeded max depth")
    return value


def _envelope_text(value: dict[str, Any], key: str) -> str:
    text = value.get(key)
    if text is None:
        return ""
    if text.__class__ is not str:
        mismatch = TypeMismatch(text, "string")
        mismatch.within("", key)
        raise mismatch
    return str(text)


def summary(data: bytes) -> str:
    """The beginning of a body that could not be read, as text if it looks like JSON, else in hexadecimal."""
    if not data:
        return "<empty>"
    start = data[:30]
    shown = start.decode(errors="replace") if data.startswith(b"{") else start.hex()
    return f"{shown} ..." if len(data) > len(start) else shown
