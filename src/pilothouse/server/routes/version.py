"""/version (upstream: server/routes/version.go)."""

from collections.abc import Mapping

from pilothouse.apimachinery.http import Request, Response
from pilothouse.server.director import Director
from pilothouse.server.responses import raw_json
from pilothouse.server.webservice import web_service


def install_version(director: Director, info: Mapping[str, str]) -> None:
    """`info` is a version.Info in wire form: major, minor, gitVersion, …"""
    body = raw_json(dict(info)).body

    async def serve(request: Request) -> Response:
        answer = raw_json({})
        answer.body = body
        return answer

    director.install_service("/version", web_service(serve, produces="application/json"))
