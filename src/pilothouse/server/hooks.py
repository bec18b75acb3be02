"""What runs once a server serves, and before it stops (upstream: k8s.io/apiserver pkg/server/hooks.go)."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pilothouse.apimachinery.status import StatusError
from pilothouse.server.periodic import tell

if TYPE_CHECKING:
    from pilothouse.server.loopback import LoopbackClient


class HookError(RuntimeError):
    """A post-start hook failed: the server must not go on (upstream: klog.Fatal)."""


@dataclass(frozen=True, slots=True)
class HookContext:
    """What a post-start hook gets.

    `client` is the server's privileged client. `start(coroutine, name)` starts work that goes on after the
    hook has returned; it is cancelled when the server stops. An error that it lets out ends it for good, with a line
    in the log: what can fail for a while must go on by itself (`server.periodic`).
    """

    client: "LoopbackClient"
    start: Callable[[Coroutine[Any, Any, None], str], None]


PostStartHook = Callable[[HookContext], Awaitable[None]]
PreShutdownHook = Callable[[], Awaitable[None]]


class PostStart:
    """One hook with its state; also the health check poststarthook/<name>."""

    __slots__ = ("done", "hook", "hook_name", "name")

    def __init__(self, name: str, hook: PostStartHook) -> None:
        self.hook_name = name
        self.name = f"poststarthook/{name}"
        self.hook = hook
        self.done = False

    def check(self) -> str | None:
        return None if self.done else "not finished"

    async def run(self, context: HookContext) -> None:
        """Raises HookError."""
        try:
            await self.hook(context)
        except Exception as error:
            raise HookError(f'PostStartHook "{self.hook_name}" failed: {_first(error)}') from error
        self.done = True


def _first(error: BaseException) -> BaseException:
    """What went wrong first in a group of tasks: the group itself says only that something did."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


class TaskOwner:
    """Owns the tasks of a server: each has a name, errors are logged, all end with the owner."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        first = _first(error)
        tell("Background task failed", first if isinstance(first, StatusError) else error, task=task.get_name())

    async def stop(self) -> None:
        """Cancel all and wait for them."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.gather(*tasks, return_exceptions=True)
