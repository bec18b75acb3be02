"""The server's own client: in-process calls through the filter chain (upstream: pkg/server/config_selfclient.go).

Controllers, hooks and bootstrap use it. Requests are those of system:apiserver, a member of system:masters;
they pass every filter that an outside request passes, but no socket and no token.
"""

import dataclasses
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import quote, urlencode

import orjson

from pilothouse.apimachinery.http import Handler, Headers, Request, Response, StreamResponse
from pilothouse.apimachinery.status import REASON_INTERNAL_ERROR, StatusError
from pilothouse.apimachinery.user import ALL_AUTHENTICATED, SYSTEM_PRIVILEGED_GROUP, User
from pilothouse.authentication.interface import AuthenticatorResponse
from pilothouse.server.chain import ChainConfig, build_chain
from pilothouse.server.metrics import ServerMetrics

USER = User("system:apiserver", groups=(SYSTEM_PRIVILEGED_GROUP, ALL_AUTHENTICATED))
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_MERGE_PATCH = "application/strategic-merge-patch+json"
JSON_PATCH = "application/json-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"

Object = dict[str, Any]
Query = Mapping[str, str | int | bool]


class _LoopbackAuthenticator:
    """Whoever holds the chain is the server itself: the chain is never reachable from a socket."""

    def __init__(self, user: User) -> None:
        self._answer = AuthenticatorResponse(user)

    async def authenticate(self, request: Request) -> AuthenticatorResponse | None:
        return self._answer


def loopback_chain(director: Handler, config: ChainConfig, user: User = USER) -> Handler:
    """The same chain for the server's own requests: their user is given, and they are never too many."""
    own = dataclasses.replace(
        config, authenticator=_LoopbackAuthenticator(user), late_connections=None, max_requests_in_flight=0,
        max_mutating_requests_in_flight=0,
    )
    return build_chain(_counted(director, config.metrics), own)


def _counted(director: Handler, metrics: ServerMetrics) -> Handler:
    def serve(request: Request) -> Awaitable[Response]:
        metrics.record_self_request(request)
        return director(request)

    return serve


class LoopbackClient:
    """Typed by (group, version, resource); objects are dicts in wire form. Methods raise StatusError."""

    def __init__(self, handler: Handler, user_agent: str = "kube-apiserver/pilothouse") -> None:
        self._handler = handler
        self._headers: Headers = [
            (b"user-agent", user_agent.encode()), (b"accept", b"application/json"),
        ]

    async def get(
        self, group: str, version: str, resource: str, name: str, namespace: str = "", *, subresource: str = ""
    ) -> Object:
        return await self.request("GET", path(group, version, resource, namespace, name, subresource))

    async def list(
        self, group: str, version: str, resource: str, namespace: str = "", **query: str | int | bool
    ) -> Object:
        """The list object; `query` are list options by their wire names (labelSelector, limit, …)."""
        return await self.request("GET", path(group, version, resource, namespace), query=query)

    async def create(
        self, group: str, version: str, resource: str, obj: Object, namespace: str = "", *, name: str = "",
        subresource: str = "", **query: str | int | bool,
    ) -> Object:
        """`name` and `subresource` for creations below an object (tokens, bindings)."""
        return await self.request(
            "POST", path(group, version, resource, namespace, name, subresource), obj, query=query
        )

    async def update(
        self, group: str, version: str, resource: str, obj: Object, namespace: str = "", *, subresource: str = "",
        **query: str | int | bool,
    ) -> Object:
        """The name is the object's."""
        name = obj["metadata"]["name"]
        return await self.request("PUT", path(group, version, resource, namespace, name, subresource), obj, query=query)

    async def patch(
        self, group: str, version: str, resource: str, name: str, patch: Any, namespace: str = "", *,
        patch_type: str = MERGE_PATCH, subresource: str = "", **query: str | int | bool,
    ) -> Object:
        return await self.request(
            "PATCH", path(group, version, resource, namespace, name, subresource), patch, query=query,
            content_type=patch_type,
        )

    async def delete(
        self, group: str, version: str, resource: str, name: str, namespace: str = "", *, options: Object | None = None
    ) -> Object:
        """`options` is a DeleteOptions body without kind and apiVersion."""
        return await self.request("DELETE", path(group, version, resource, namespace, name), options)

    async def delete_collection(
        self, group: str, version: str, resource: str, namespace: str = "", *, options: Object | None = None,
        **query: str | int | bool,
    ) -> Object:
        return await self.request("DELETE", path(group, version, resource, namespace), options, query=query)

    async def watch(
        self, group: str, version: str, resource: str, namespace: str = "", *,
        decode: Callable[[bytes], Object] = orjson.loads, **query: str | int | bool,
    ) -> AsyncGenerator[Object, None]:
        """Watch events ({"type", "object"}) until the server ends the watch. Close the iterator to stop.

        An ERROR event raises its StatusError. `decode` reads the line of an event, for those who want less than all.
        """
        request = self._build("GET", path(group, version, resource, namespace), None, {"watch": True, **query}, "")
        response = await self._handler(request)
        if not isinstance(response, StreamResponse):
            raise _failure(response)
        try:
            buffer = b""
            async for chunk in response.stream:
                *lines, buffer = (buffer + chunk).split(b"\n")
                for line in lines:
                    event = decode(line)
                    if event["type"] == "ERROR":
                        raise _status_error(event["object"])
                    yield event
        finally:
            close = getattr(response.stream, "aclose", None)
            if close is not None:
                await close()

    async def request(
        self, method: str, path: str, body: Any = None, *, query: Query | None = None,
        content_type: str = "application/json",
    ) -> Object:
        """Any request with a JSON answer. Raises the StatusError that the server answered."""
        response = await self._handler(self._build(method, path, body, query or {}, content_type))
        if isinstance(response, StreamResponse):
            # Long lists are sent piece by piece.
            response.body = b"".join([chunk async for chunk in response.stream])
        if response.status >= 400:
            raise _failure(response)
        answer: Object = orjson.loads(response.body)
        return answer

    def _build(self, method: str, path: str, body: Any, query: Query, content_type: str) -> Request:
        headers = list(self._headers)
        raw = b""
        if body is not None:
            raw = orjson.dumps(body)
            headers.append((b"content-type", content_type.encode()))
        text = {key: ("true" if value else "false") if isinstance(value, bool) else value for key, value in
                query.items()}
        return Request(method, path, urlencode(text, quote_via=quote), headers, raw)


def path(
    group: str, version: str, resource: str, namespace: str = "", name: str = "", subresource: str = ""
) -> str:
    """The URL path of a resource, an object or a subresource."""
    parts = ["/apis", group, version] if group else ["/api", version]
    if namespace:
        parts += ["namespaces", namespace]
    parts.append(resource)
    if name:
        parts.append(name)
    if subresource:
        parts.append(subresource)
    return "/".join(parts)


def _failure(response: Response) -> StatusError:
    try:
        body = orjson.loads(response.body)
    except orjson.JSONDecodeError:
        body = None
    if isinstance(body, dict) and body.get("status") == "Failure":
        return _status_error(body)
    text = response.body.decode(errors="replace").strip()
    return StatusError(response.status, REASON_INTERNAL_ERROR if response.status == 500 else "", text)


def _status_error(body: Object) -> StatusError:
    return StatusError(
        body.get("code", 500), body.get("reason", ""), body.get("message", ""), body.get("details")
    )
