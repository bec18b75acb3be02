"""Which representation a client gets (upstream: apiserver pkg/endpoints/handlers/negotiation, goautoneg, go-restful).

Upstream looks at Accept twice: the router (go-restful) first, which knows no wildcard but "*/*", then the
handler, which honours q-values and the parameters "as", "g", "v". Both wordings of 406 reach clients.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pilothouse.apimachinery import status
from pilothouse.apimachinery.gvk import GroupVersionKind
from pilothouse.apimachinery.http import Request
from pilothouse.apimachinery.status import StatusError

JSON = "application/json"
YAML = "application/yaml"
PROTOBUF = "application/vnd.kubernetes.protobuf"

MEDIA_TYPES = (JSON, YAML, PROTOBUF)
STREAM_MEDIA_TYPES = (f"{JSON};stream=watch", f"{PROTOBUF};stream=watch")
_STREAMED = frozenset({JSON, PROTOBUF})

META_GROUP = "meta.k8s.io"
_META_VERSIONS = frozenset({"v1", "v1beta1"})
_TRANSFORMS = frozenset({"Table", "PartialObjectMetadata", "PartialObjectMetadataList"})
DISCOVERY_GROUP = "apidiscovery.k8s.io"

_REMEMBERED = 512
_LONGEST_REMEMBERED = 512
_MOST_CLAUSES = 1000
_GO_INSERTS = 12
"""So many are sorted by insertion; with more it would take minutes (upstream: sort.Sort)."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A negotiated representation. `transform` is the kind asked for with "as", or None for the plain object."""

    media_type: str
    pretty: bool = False
    transform: GroupVersionKind | None = None


PLAIN_JSON = Accepted(JSON)
#: Whether an endpoint can answer in this media type transformed to this kind (None: not transformed).
Allows = Callable[[str, GroupVersionKind | None], bool]


def allows_no_transform(media_type: str, target: GroupVersionKind | None) -> bool:
    return target is None


def allows_resource_transform(media_type: str, target: GroupVersionKind | None) -> bool:
    """Tables have no protobuf form."""
    return target is None or (
        target.group == META_GROUP and target.version in _META_VERSIONS and target.kind in _TRANSFORMS
        and (target.kind != "Table" or media_type != PROTOBUF)
    )


def allows_unprinted_transform(media_type: str, target: GroupVersionKind | None) -> bool:
    """What has no printer makes no tables (upstream: AllowsMediaTypeTransform without a TableConvertor)."""
    return allows_resource_transform(media_type, target) and (target is None or target.kind != "Table")


def allows_custom_resource_transform(media_type: str, target: GroupVersionKind | None) -> bool:
    """Custom resources have no protobuf form, but their metadata has."""
    return (target is not None or media_type != PROTOBUF) and allows_resource_transform(media_type, target)


def allows_aggregated_discovery(media_type: str, target: GroupVersionKind | None) -> bool:
    return (
        target is not None and target.group == DISCOVERY_GROUP and target.version in ("v2", "v2beta1")
        and target.kind == "APIGroupDiscoveryList"
    )


@dataclass(frozen=True, slots=True)
class Clause:
    """One part of an Accept header. `params` without q."""

    type: str
    subtype: str
    q: float
    params: tuple[tuple[str, str], ...]

    def covers(self, media_type: str) -> bool:
        kind, _, sub = media_type.partition("/")
        return (self.type == kind and self.subtype in (sub, "*")) or (self.type == "*" and self.subtype == "*")


def parse_accept(header: str) -> list[Clause]:
    """The clauses, best first; malformed ones are left out, and so is what follows the first thousand."""
    clauses: list[Clause] = []
    for part in header.split(",", _MOST_CLAUSES)[:_MOST_CLAUSES]:
        clause = _clause(part.strip(" "))
        if clause is not None:
            clauses.append(clause)
    if len(clauses) > _GO_INSERTS:
        return sorted(clauses, key=_rank)
    # Go's insertion sort, step by step: _less is no true order (two clauses can each be less than the other)
    placed: list[Clause] = []
    for clause in clauses:
        i = len(placed)
        while i and _less(clause, placed[i - 1]):
            i -= 1
        placed.insert(i, clause)
    return placed


def _clause(part: str) -> Clause | None:
    media, *rest = part.split(";")
    names = media.split("/")
    if names == ["*"]:
        names = ["*", "*"]
    if len(names) != 2 or not names[1]:
        return None
    q = 1.0
    params: dict[str, str] = {}
    for text in rest:
        name, _, value = text.partition("=")
        if not value or "=" in value:
            continue
        name = name.strip(" ")
        if name == "q":
            q = _float(value)
        else:
            params[name] = value.strip(" ")
    return Clause(names[0].strip(" "), names[1].strip(" "), q, tuple(params.items()))


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def _less(a: Clause, b: Clause) -> bool:
    return a.q > b.q or (a.type != "*" and b.type == "*") or (a.subtype != "*" and b.subtype == "*")


def _rank(clause: Clause) -> tuple[float, bool, bool]:
    return -clause.q, clause.type == "*", clause.subtype == "*"


def match(header: str, allows: Allows, served: Sequence[str] = MEDIA_TYPES) -> Accepted | None:
    """The best representation for an Accept header, or None (upstream: NegotiateMediaTypeOptions)."""
    if not header:
        return Accepted(served[0])
    for clause in parse_accept(header):
        for media_type in served:
            if clause.covers(media_type):
                accepted = _accept(clause, media_type, allows)
                if accepted is not None:
                    return accepted
    return None


def _accept(clause: Clause, media_type: str, allows: Allows) -> Accepted | None:
    params = dict(clause.params)
    target = None
    if "as" in params or "g" in params or "v" in params:
        target = GroupVersionKind(params.get("g", ""), params.get("v", ""), params.get("as", ""))
    stream = params.get("stream", "")
    if stream and (media_type not in _STREAMED or stream != "watch"):
        return None
    # "sv" asks for a version of the server's own kinds, and there is one
    if params.get("sv", "v1") not in ("", "v1") or not allows(media_type, target):
        return None
    return Accepted(media_type, params.get("pretty") == "1", target)


def not_acceptable(media_types: Sequence[str]) -> StatusError:
    return StatusError(
        406, status.REASON_NOT_ACCEPTABLE, f"only the following media types are accepted: {', '.join(media_types)}"
    )


def unsupported_media_type(media_types: Sequence[str]) -> StatusError:
    return StatusError(
        415, status.REASON_UNSUPPORTED_MEDIA_TYPE,
        f"the body of the request was in an unknown format - accepted media types include: {', '.join(media_types)}",
    )


class Negotiator:
    """Negotiates for one kind of endpoint and remembers the Accept headers it has seen.

    `produces` is what the route declares to the router, `allows` which transformations its handler makes. What is
    not `routed` is looked at by its handler alone.
    """

    def __init__(
        self, produces: Sequence[str] = MEDIA_TYPES, allows: Allows = allows_resource_transform,
        served: Sequence[str] = MEDIA_TYPES, *, routed: bool = True,
    ) -> None:
        self._routed = routed
        self._produces = tuple(produces)
        self._allows = allows
        self._served = served
        self._known: dict[str, Accepted] = {"": PLAIN_JSON, JSON: PLAIN_JSON, "*/*": PLAIN_JSON}

    def __call__(self, request: Request) -> Accepted:
        """Raises 406 (415 where the router takes a bodyless write for one)."""
        header = request.header(b"accept") or ""
        accepted = self._known.get(header)
        if accepted is None:
            if self._routed:
                self._route(header, request)
            accepted = self._match(header)
            if accepted is None:
                raise not_acceptable([t for t in self._produces if ";" not in t])
        return accepted

    def handler_match(self, request: Request) -> Accepted | None:
        """What the handler alone would choose, without the router's look; None if nothing fits."""
        header = request.header(b"accept") or ""
        return self._known.get(header) or self._match(header)

    def _match(self, header: str) -> Accepted | None:
        accepted = match(header, self._allows, self._served)
        if accepted == PLAIN_JSON:
            accepted = PLAIN_JSON  # callers take a short way for this very object
        if accepted is not None and len(self._known) < _REMEMBERED and len(header) <= _LONGEST_REMEMBERED:
            self._known[header] = accepted
        return accepted

    def _route(self, header: str, request: Request) -> None:
        """The router's look at Accept (upstream: go-restful Route.matchesAccept)."""
        for part in header.split(","):
            media_type = part.partition(";")[0].strip(" ")
            if media_type == "*/*" or media_type in self._produces:
                return
        available = ", ".join(self._produces)
        if request.method in ("POST", "PUT", "PATCH") and (request.header(b"content-length") or "0") == "0":
            raise StatusError(
                415, status.REASON_UNSUPPORTED_MEDIA_TYPE,
                f"415: Unsupported Media Type\n\nAvailable representations: {available}", {},
            )
        raise StatusError(
            406, status.REASON_NOT_ACCEPTABLE, f"406: Not Acceptable\n\nAvailable representations: {available}", {}
        )


def require_stream(accepted: Accepted) -> None:
    """Raises 406 unless the media type can carry a watch (upstream: NegotiateOutputMediaTypeStream)."""
    if accepted.media_type not in _STREAMED:
        raise not_acceptable(STREAM_MEDIA_TYPES)


def input_media_type(request: Request, allowed: Sequence[str] = MEDIA_TYPES) -> str:
    """The body's media type without parameters; JSON when the client says nothing. Raises 415."""
    header = request.header(b"content-type")
    if not header:
        return JSON
    media_type = header.partition(";")[0].strip().lower()
    if media_type not in allowed:
        raise unsupported_media_type(allowed)
    return media_type


_TRUE = frozenset({"1", "t", "T", "true", "TRUE", "True"})


def is_pretty(request: Request) -> bool:
    """What ?pretty says, or else whether a person's tool asks (upstream: isPrettyPrint)."""
    if "pretty" in request.raw_query:
        value = request.query_value("pretty")
        if value:
            return value in _TRUE
    return request.first_headers.get(b"user-agent", b"").startswith((b"curl", b"Wget", b"Mozilla/5.0"))
