"""Ends watches cleanly during a shutdown (upstream: server/filters/watch_termination.go).

Each open watch is kept with the function that its handler left in `context.end_stream`; when the server
stops accepting requests all of them are ended, and the shutdown waits for the group.
"""

from collections.abc import Awaitable

from pilothouse.apimachinery.http import Context, Handler, Request, Response
from pilothouse.server.filters.wait_group import reject_shutting_down
from pilothouse.server.lifecycle import Signal
from pilothouse.server.streams import on_end
from pilothouse.server.waitgroup import WaitGroup


def with_watch_termination(handler: Handler, not_accepting: Signal, group: WaitGroup) -> Handler:
    open_watches: set[Context] = set()

    def end_all() -> None:
        for context in list(open_watches):
            if context.end_stream is not None:
                context.end_stream()

    not_accepting.on_signal(end_all)

    async def serve_watch(request: Request) -> Response:
        context = request.context
        open_watches.add(context)

        def ended() -> None:
            open_watches.discard(context)
            group.done()

        try:
            response = await handler(request)
        except BaseException:
            ended()
            raise
        on_end(response, ended)
        if not_accepting.done and context.end_stream is not None:
            context.end_stream()
        return response

    def serve(request: Request) -> Awaitable[Response]:
        if request.context.request_info.verb != "watch":
            return handler(request)
        if not group.add():
            return reject_shutting_down()
        return serve_watch(request)

    return serve
