"""pods/log: what a kubelet has of a container's output (upstream: pkg/registry/core/pod/rest/log.go)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pilothouse.apimachinery import field, status
from pilothouse.apimachinery.gvk import GroupKind, GroupResource
from pilothouse.apimachinery.http import Response, StreamResponse
from pilothouse.apimachinery.proxy.backend import BackendError, Transport
from pilothouse.apimachinery.proxy.forward import Answer, send
from pilothouse.apimachinery.proxy.headers import value_of
from pilothouse.apimachinery.proxy.location import Location, encode_query
from pilothouse.apimachinery.schema.scalars import time_text
from pilothouse.registry.core import connect_options as query
from pilothouse.registry.core.containers import chosen_container
from pilothouse.registry.core.kubelet import PODS, Kubelets, read

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context, Request
    from pilothouse.registry.dependencies import Dependencies
    from pilothouse.registry.rest import Object

_LOG = GroupResource("", "pods/log")
_ERROR_LIMIT = 50_000
"""Bytes of a kubelet's error that are passed on."""
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_ZERO_TIME = "0001-01-01T00:00:00Z"


class PodLog:
    """A `rest.Streamer`."""

    def __init__(self, dependencies: Dependencies, kubelets: Kubelets) -> None:
        self._stores = dependencies.stores
        self._kubelets = kubelets

    def stream_options(self, request: Request) -> Object:
        """PodLogOptions."""
        options: Object = query.flags(request, "follow", "previous", "timestamps", "insecureSkipTLSVerifyBackend")
        texts = {name: request.query_value(name) for name in ("container", "stream")}
        numbers = {name: query.integer(request, name) for name in ("sinceSeconds", "tailLines", "limitBytes")}
        given = {**texts, **numbers, "sinceTime": _time(request.query_value("sinceTime"))}
        options.update((name, value) for name, value in given.items() if value is not None)
        return options

    async def stream(self, ctx: Context, namespace: str, name: str, options: Object) -> Response:
        if errors := validate(options):
            raise status.invalid(GroupKind("", "PodLogOptions"), name, errors)
        pod = await read(self._stores, PODS, ctx, namespace, name)
        container = chosen_container(pod, options.get("container", ""))
        node_name = (pod.get("spec") or {}).get("nodeName", "")
        if not node_name:
            # Nothing can have been written yet.
            return Response(204)
        info = await self._kubelets.connection(ctx, node_name)
        location = Location(
            info.scheme, info.host, f"/containerLogs/{namespace}/{name}/{container}", _parameters(options)
        )
        transport = info.insecure if options.get("insecureSkipTLSVerifyBackend") else info.transport
        return await _stream(location, transport, name)


async def _stream(location: Location, transport: Transport, name: str) -> Response:
    try:
        answer = await send(transport, "GET", location, [])
    except BackendError as error:
        raise _failed(location, str(error)) from None
    if answer.status in _REDIRECTS and value_of(answer.headers, b"location"):
        await answer.aclose()
        raise _failed(location, "redirects forbidden")
    if not 200 <= answer.status <= 206:
        raise await _refused(answer, name)
    return StreamResponse(_Output(answer), 200, [(b"content-type", b"text/plain")])


class _Output:
    """What the kubelet sends. When it breaks off, the answer ends as if that were all (upstream: StreamObject)."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def __aiter__(self) -> _Output:
        return self

    async def __anext__(self) -> bytes:
        try:
            return await self._answer.__anext__()
        except ConnectionError:
            raise StopAsyncIteration from None

    async def aclose(self) -> None:
        await self._answer.aclose()


def _failed(location: Location, cause: str) -> status.StatusError:
    """As Go's http.Client says it."""
    return status.plain_internal(f"Get {field.go_quote(location.url)}: {cause}")


async def _refused(answer: Answer, name: str) -> status.StatusError:
    """The kubelet's refusal as a Status (upstream: generic/rest/response_checker.go)."""
    text = (await answer.read(_ERROR_LIMIT)).decode("utf-8", "replace")
    if answer.status == 500:
        return status.internal_error(text)
    if answer.status == 400:
        return status.bad_request(text)
    return status.generic_server_response(answer.status, "", _LOG, name, text, unexpected=False)


def validate(options: Object) -> list[field.Error]:
    """upstream: ValidatePodLogOptions."""
    errors: list[field.Error] = []
    tail, limit = options.get("tailLines"), options.get("limitBytes")
    seconds = options.get("sinceSeconds")
    if tail is not None and tail < 0:
        errors.append(field.invalid("tailLines", tail, "must be greater than or equal to 0"))
    if limit is not None and limit < 1:
        errors.append(field.invalid("limitBytes", limit, "must be greater than 0"))
    if seconds is not None and "sinceTime" in options:
        errors.append(field.forbidden("", "at most one of `sinceTime` or `sinceSeconds` may be specified"))
    elif seconds is not None and seconds < 1:
        errors.append(field.invalid("sinceSeconds", seconds, "must be greater than 0"))
    if "stream" in options:
        errors.append(field.forbidden("stream", "may not be specified"))
    return errors


def _parameters(options: Object) -> str:
    pairs: list[tuple[str, Any]] = [
        (name, "true") for name in ("follow", "previous", "timestamps") if options.get(name)
    ]
    pairs += [
        (name, str(options[name])) for name in ("sinceSeconds", "sinceTime", "tailLines", "limitBytes")
        if name in options
    ]
    return encode_query(pairs)


def _time(text: str | None) -> str | None:
    """RFC 3339 in UTC, seconds only; "" and "null" are the zero time. Raises ValueError."""
    if text is None:
        return None
    if text in ("", "null"):
        return _ZERO_TIME
    return time_text(text) or _ZERO_TIME
