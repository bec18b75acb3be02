"""Calls of a webhook that a kubeconfig describes, with retries (upstream: pkg/util/webhook, GenericWebhook)."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from pilothouse.apimachinery import duration
from pilothouse.apimachinery.proxy.backend import describe
from pilothouse.apimachinery.proxy.location import Location
from pilothouse.apimachinery.proxy.servercert import ServerCertificates, Watched
from pilothouse.apimachinery.webhook import kubeconfig, metrics
from pilothouse.apimachinery.webhook.kubeconfig import ClientConfig
from pilothouse.observability import tracing

if TYPE_CHECKING:
    import aiohttp
    from aiohttp.abc import AbstractResolver

REQUEST_SECONDS = 30.0
"""upstream: defaultRequestTimeout"""
_MAX_ANSWER = 3 * 1024 * 1024
_CONNECTIONS = 100
_AGENT = "kube-apiserver-admission"
"""What webhooks see that objects describe (upstream: pkg/util/webhook/authentication.go)."""
_certificates = ServerCertificates("webhooks")
T = TypeVar("T")


class WebhookError(Exception):
    """A call that got no answer, or one that is none. `code` is the HTTP status, 0 where there was no answer;
    `reset` says that the connection was cut."""

    def __init__(
        self, message: str, code: int = 0, *, retry_after: float = 0.0, reset: bool = False, timed_out: bool = False
    ) -> None:
        super().__init__(message)
        self.code = code
        self.retry_after = retry_after
        self.reset = reset
        self.timed_out = timed_out or code == 504


def is_transient(error: WebhookError) -> bool:
    """Whether another try may help (upstream: DefaultShouldRetry)."""
    return error.reset or error.code in (429, 500, 504) or error.retry_after > 0


def any_error(error: WebhookError) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waits of `initial` seconds, growing by `factor`, each up to `jitter` longer; `steps` tries in all."""

    initial: float = 0.5
    factor: float = 1.5
    jitter: float = 0.2
    steps: int = 5


async def with_backoff(
    call: Callable[[], Awaitable[T]], backoff: Backoff, again: Callable[[WebhookError], bool] = is_transient,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> T:
    """Call until it succeeds, `again` says no, or the tries are used up. Raises the last WebhookError."""
    seconds = backoff.initial
    for left in range(backoff.steps - 1, -1, -1):
        try:
            return await call()
        except WebhookError as error:
            if not left or not again(error):
                raise
        await sleep(seconds * (1 + random.random() * backoff.jitter))
        seconds *= backoff.factor
    raise AssertionError("unreachable: there is at least one try")


class Caller:
    """Posts JSON to the server of a `ClientConfig`; connections are kept. Close it on the loop that used it.

    `dial` says where the server's name leads to, asked for each new connection (None: to where DNS says). It may raise
    ValueError. `max_answer` are the bytes of the longest answer. With `traced` the server is told of the trace, as
    upstream tells those that objects describe, not those of files.
    """

    def __init__(
        self, config: ClientConfig, seconds: float = REQUEST_SECONDS, *, max_answer: int | None = None,
        dial: Callable[[], tuple[str, int]] | None = None, traced: bool = False,
    ) -> None:
        self._config = config
        self._traced = traced
        # a URL may hold a password
        self._host = urlsplit(config.server).netloc.rpartition("@")[2]
        self._seconds = seconds
        self._max_answer = max_answer or _MAX_ANSWER
        self._dial = dial
        self._session: aiohttp.ClientSession | None = None
        self._watched: Watched | None = None

    @classmethod
    def of_file(cls, path: Path, seconds: float = REQUEST_SECONDS) -> Caller:
        """Of a kubeconfig file. The server learns from the query how long it may take. Raises ValueError."""
        config = kubeconfig.load(path)
        url = urlsplit(config.server)
        path_there = "/" + "/".join(part for part in url.path.split("/") if part)
        server = f"{url.scheme}://{url.netloc}{path_there}?timeout={duration.format(round(seconds * duration.SECOND))}"
        return cls(replace(config, server=server), seconds)

    async def post(self, body: bytes) -> bytes:
        """The body of a 2xx answer. Raises WebhookError."""
        began, code, answer = perf_counter(), 0, b""
        call = tracing.outgoing("POST", self._config.server) if self._traced else tracing.UNTOLD
        try:
            code, retry_after, answer = await self._ask(body, call.headers)
        except BaseException as error:
            call.end(error)
            raise
        else:
            call.answered(code)
            call.end()
        finally:
            metrics.called(self._host, perf_counter() - began, len(body), code, len(answer))
        if len(answer) > self._max_answer:
            raise WebhookError(f'Post "{self._config.server}": the answer is larger than {self._max_answer} bytes')
        if not 200 <= code < 300:
            raise WebhookError(f"the server answered with status {code}", code, retry_after=retry_after)
        return answer

    async def _ask(self, body: bytes, trace: Mapping[str, str]) -> tuple[int, float, bytes]:
        """(status, seconds after which to ask again, as much of the body as is taken and a little more)."""
        import aiohttp

        config, most = self._config, self._max_answer
        headers = {"Content-Type": "application/json", "Accept": "application/json, */*", **trace}
        if self._traced:
            headers["User-Agent"] = _AGENT
        try:
            if credential := config.authorization():
                headers["Authorization"] = credential
            session = self._session or self._connect()
            async with session.post(
                config.server, data=body, headers=headers, proxy=config.proxy or None, allow_redirects=False,
                server_hostname=config.server_name or None,
            ) as response:
                if self._watched is not None:
                    self._watched.answered()
                pieces, size = [], 0
                while size <= most and (piece := await response.content.readany()):
                    pieces.append(piece)
                    size += len(piece)
                return response.status, _seconds(response.headers.get("Retry-After", "")), b"".join(pieces)
        except TimeoutError:
            raise WebhookError(f'Post "{config.server}": context deadline exceeded', timed_out=True) from None
        except (aiohttp.ClientError, OSError) as e:
            reset = isinstance(e, aiohttp.ServerDisconnectedError | ConnectionResetError)
            raise WebhookError(f'Post "{config.server}": {_problem(e, config.server)}', reset=reset) from None

    def _connect(self) -> aiohttp.ClientSession:
        """Raises OSError for certificates that cannot be used."""
        import aiohttp

        tls = self._config.tls()
        self._watched = None if tls is None else _certificates.watch(tls)
        resolver = None if self._dial is None else _resolver(self._dial)
        connector = aiohttp.TCPConnector(
            ssl=tls or False, limit=_CONNECTIONS, resolver=resolver, use_dns_cache=resolver is None
        )
        self._session = aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=self._seconds),
        )
        return self._session

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None


def _resolver(dial: Callable[[], tuple[str, int]]) -> AbstractResolver:
    """Leads every name to where `dial` says."""
    import socket

    from aiohttp.abc import AbstractResolver, ResolveResult
    from aiohttp.resolver import ThreadedResolver

    class Dialing(AbstractResolver):
        async def resolve(
            self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
        ) -> list[ResolveResult]:
            try:
                to, at = dial()
            except ValueError as e:
                raise OSError(0, str(e)) from None
            found = await ThreadedResolver().resolve(to, at, socket.AF_UNSPEC)
            return [{**result, "hostname": host} for result in found]

        async def close(self) -> None: ...

    return Dialing()


def _problem(error: Exception, server: str) -> str:
    """What Go says of a call that failed, as far as that is known."""
    import aiohttp

    cause: BaseException = error
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        cause = error.certificate_error
    elif isinstance(error, aiohttp.ClientConnectorError):
        cause = error.os_error
    elif not isinstance(error, OSError | aiohttp.ServerDisconnectedError):
        return str(error)
    if isinstance(cause, OSError) and cause.errno == 0 and cause.strerror:
        return cause.strerror
    url = urlsplit(server)
    location = Location(url.scheme, url.netloc, url.path)
    return "EOF" if isinstance(cause, aiohttp.ServerDisconnectedError) else describe(cause, location)


def _seconds(text: str) -> float:
    return float(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0.0
