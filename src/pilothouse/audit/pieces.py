"""Pieces of events as JSON in Go's form; what events have in common is made once (upstream: encoding/json)."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

import orjson

from pilothouse.apimachinery.codec.encode import escape
from pilothouse.apimachinery.requestinfo import is_plain, request_uri
from pilothouse.audit.sourceips import source_ips

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Request
    from pilothouse.apimachinery.user import User

_MAX_USER_AGENT = 1024
_MOST = 1024
"""Users, origins and decisions that are remembered."""
_LONGEST = 1024
"""Of what an origin or a decision is made that is remembered."""
_VERBS = {
    verb: b'"%b"' % verb.encode() for verb in (
        "get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "post", "put", "head"
    )
}
_NO_TEXT = re.compile("[\ud800-\udfff]")
_REPLACEMENT = "\ufffd"


def document(value: Any) -> bytes:
    """As Go's encoder writes it. What is no text (surrogates stand for bytes that are no UTF-8) becomes \\ufffd."""
    try:
        return escape(orjson.dumps(value))
    except TypeError:
        data = escape(orjson.dumps(_as_text(value)))
        return data.replace(_REPLACEMENT.encode(), b"\\ufffd")


def _as_text(value: Any) -> Any:
    if isinstance(value, str):
        return _NO_TEXT.sub(_REPLACEMENT, value)
    if isinstance(value, dict):
        return {_as_text(key): _as_text(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_as_text(item) for item in value]
    return value


def text(raw: bytes) -> str:
    """Bytes of a header, for `document`."""
    return raw.decode("utf-8", "surrogateescape")


class Pieces:
    """Remembers what it made for the users, clients and decisions that it met."""

    def __init__(self) -> None:
        self._users: dict[int, tuple[User, bytes]] = {}
        self._origins: dict[tuple[bytes | str, ...], bytes] = {}
        self._decisions: dict[tuple[str, str], bytes] = {}
        self._second = -1
        self._text = b""

    def user(self, user: User | None) -> bytes:
        """A UserInfo. Authenticators remember users too: the same one is met again and again."""
        if user is None:
            return b"{}"
        known = self._users.get(id(user))
        if known is not None and known[0] is user:
            return known[1]
        made = document(user.info())
        if len(made) <= _LONGEST:
            if len(self._users) >= _MOST:
                self._users.clear()
            self._users[id(user)] = user, made
        return made

    def asked(self, request: Request) -> bytes:
        """From the end of the stage to the user: what was asked for."""
        target, verb = request.target, request.context.request_info.verb
        if target and is_plain(target):
            # the one character of those that Go escapes
            uri = b'"%b"' % (target.replace(b"&", b"\\u0026") if b"&" in target else target)
        else:
            uri = document(request_uri(request))
        return b'","requestURI":%b,"verb":%b,"user":' % (uri, _VERBS.get(verb) or document(verb))

    def origin(self, request: Request) -> bytes:
        """sourceIPs and userAgent, each with a comma before it."""
        first = request.first_headers.get
        agent, forwarded, real = first(b"user-agent", b""), first(b"x-forwarded-for", b""), first(b"x-real-ip", b"")
        client = request.client[0] if request.client else ""
        key = (client, agent, forwarded, real)
        known = self._origins.get(key)
        if known is not None:
            return known
        ips = source_ips(forwarded, real, client)
        made = b',"sourceIPs":' + document(ips) if ips else b""
        if agent:
            made += b',"userAgent":' + document(_agent(agent))
        if len(agent) + len(forwarded) + len(real) <= _LONGEST:
            if len(self._origins) >= _MOST:
                self._origins.clear()
            self._origins[key] = made
        return made

    def decision(self, decision: str, reason: str) -> bytes:
        """The annotations of a request that has no others."""
        known = self._decisions.get((decision, reason))
        if known is None:
            known = document(decision_annotations(decision, reason))
            if len(self._decisions) >= _MOST:
                self._decisions.clear()
            if len(reason) <= _LONGEST:
                self._decisions[decision, reason] = known
        return known

    def micro_time(self, nanoseconds: int) -> bytes:
        """metav1.MicroTime: six digits after the second, always."""
        second, rest = divmod(nanoseconds, 1_000_000_000)
        if second != self._second:
            self._second, self._text = second, time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second)).encode()
        return b"%b.%06dZ" % (self._text, rest // 1000)


def decision_annotations(decision: str, reason: str) -> dict[str, str]:
    """What the authorization filter says (upstream: endpoints/filters/authorization.go); an error has no decision."""
    if decision:
        return {"authorization.k8s.io/decision": decision, "authorization.k8s.io/reason": reason}
    return {"authorization.k8s.io/reason": reason} if reason else {}


def _agent(raw: bytes) -> str:
    return text(raw) if len(raw) <= _MAX_USER_AGENT else f"{text(raw[:_MAX_USER_AGENT])}...TRUNCATED"
