import asyncio

import pytest

from pilothouse.apimachinery import status
from pilothouse.apimachinery.http import Request, Response
from pilothouse.apimachinery.status import StatusError
from pilothouse.server.filters.warning_recorder import warning_headers, with_warning_recorder


def test_format_and_escapes() -> None:
    assert warning_headers(['say "hi" \\ there', "ünïcode"]) == [
        (b"warning", b'299 - "say \\"hi\\" \\\\ there"'),
        (b"warning", '299 - "ünïcode"'.encode()),
    ]


@pytest.mark.parametrize("text", ["", "a\nb", "a\x7fb", "\x85"])
def test_empty_texts_and_control_characters_make_no_header(text: str) -> None:
    assert warning_headers([text, "ok"]) == [(b"warning", b'299 - "ok"')]


def test_long_warnings_are_cut_once_the_total_passes_4096() -> None:
    texts = [f"{i}" * 1000 for i in range(4)]
    assert [len(value) for _, value in warning_headers(texts)] == [1008] * 4
    texts.append("x" * 97)
    assert [len(value) for _, value in warning_headers(texts)] == [264] * 4 + [105]


def test_what_still_does_not_fit_is_dropped() -> None:
    assert len(warning_headers([f"{i:03d}" * 100 for i in range(40)])) == 16


def test_warnings_reach_answers_and_errors() -> None:
    async def handle(request: Request) -> Response:
        request.context.warn("first")
        request.context.warn("first")
        if request.method == "POST":
            raise status.bad_request("no")
        return Response()

    async def run(method: str) -> Request:
        request = Request(method, "/")
        try:
            await with_warning_recorder(handle)(request)
        except StatusError:
            assert method == "POST"
        return request

    for method in ("GET", "POST"):
        assert asyncio.run(run(method)).context.response_headers == [(b"warning", b'299 - "first"')]
