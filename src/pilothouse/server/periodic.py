"""Work in the background that outlives its failures (upstream: apimachinery pkg/util/wait, UntilWithContext with the
HandleCrash of pkg/util/runtime)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from pilothouse.apimachinery.status import StatusError
from pilothouse.observability.logging import log


async def every(
    seconds: float, work: Callable[[], Awaitable[None]], failure: str, *,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Do `work` again and again with a pause before each time, until cancelled; `failure` is what the log says of an
    error."""
    while True:
        await sleep(seconds)
        try:
            await work()
        except Exception as error:
            tell(failure, error)


def tell(message: str, error: BaseException, **fields: Any) -> None:
    """Log an error that ends nothing. An answer of the API says all by itself; of anything else the traceback helps."""
    if isinstance(error, StatusError):
        log.error(message, error, **fields)
    else:
        log.exception(message, error, **fields)
