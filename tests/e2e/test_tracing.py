"""A server that is told to trace: what an OTLP collector gets to see of real requests."""

import json
import urllib.request
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path
from ssl import create_default_context
from typing import Any

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from pilothouse.testing.server import StartError, TestServer
from tests.e2e.conftest import Kubectl
from tests.e2e.test_aggregation import DEFINITION, GROUP, many, registration

_TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
_PARENT = "00f067aa0ba902b7"


class Collector(trace_service_pb2_grpc.TraceServiceServicer):  # type: ignore[misc]
    """Keeps every span, with the service that sent it."""

    def __init__(self) -> None:
        self.spans: list[Any] = []
        self.services: set[str] = set()
        self._server = grpc.server(futures.ThreadPoolExecutor(2))
        trace_service_pb2_grpc.add_TraceServiceServicer_to_server(self, self._server)
        self.port = self._server.add_insecure_port("127.0.0.1:0")

    def Export(self, request: Any, context: Any) -> Any:
        for group in request.resource_spans:
            attributes = {a.key: a.value.string_value for a in group.resource.attributes}
            self.services.add(attributes["service.name"])
            self.spans += [span for scope in group.scope_spans for span in scope.spans]
        return trace_service_pb2.ExportTraceServiceResponse()

    def __enter__(self) -> "Collector":
        self._server.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.stop(None).wait(10)

    def named(self, name: str) -> list[Any]:
        return [span for span in self.spans if span.name == name]


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as running:
        yield running


def _configuration(folder: Path, text: str) -> str:
    file = folder / "tracing.yaml"
    file.write_text(f"apiVersion: apiserver.config.k8s.io/v1\nkind: TracingConfiguration\n{text}")
    return f"--tracing-config-file={file}"


def _get(server: TestServer, path: str, **headers: str) -> None:
    request = urllib.request.Request(
        server.url + path, headers={"Authorization": f"Bearer {server.token}", **headers}
    )
    with urllib.request.urlopen(request, timeout=10, context=create_default_context(cafile=str(server.ca_file))):
        pass


def _sent(span: Any) -> dict[str, str]:
    return {a.key: a.value.string_value or str(a.value.int_value) for a in span.attributes}


def test_requests_are_spans_with_what_happens_in_them(collector: Collector, tmp_path: Path) -> None:
    flag = _configuration(tmp_path, f"endpoint: 127.0.0.1:{collector.port}\nsamplingRatePerMillion: 1000000\n")
    with TestServer([flag]) as server:
        kubectl = Kubectl(server, "default", tmp_path)
        kubectl("create", "configmap", "traced", "--from-literal=password=hunter2")
        _get(server, "/api/v1/namespaces/default/configmaps/traced", traceparent=f"00-{_TRACE}-{_PARENT}-01")
    assert collector.services == {"apiserver"}
    created = collector.named("POST /api/v1/namespaces/{:namespace}/configmaps")[-1]
    assert _sent(created)["http.response.status_code"] == "201"
    assert _sent(created)["http.target"].startswith("/api/v1/namespaces/default/configmaps?fieldManager=")
    children = {span.name: span for span in collector.spans if span.trace_id == created.trace_id}
    assert children["Create"].parent_span_id == created.span_id
    assert children["Admission admit"].parent_span_id == children["Create"].span_id
    assert children["Storage create"].parent_span_id == children["Create"].span_id
    continued = collector.named("GET /api/v1/namespaces/{:namespace}/configmaps/{:name}")[-1]
    assert (continued.trace_id.hex(), continued.parent_span_id.hex()) == (_TRACE, _PARENT)
    assert "hunter2" not in str(collector.spans)
    assert server.token not in str(collector.spans)


def test_without_a_rate_only_what_a_trusted_client_samples_is_traced(collector: Collector, tmp_path: Path) -> None:
    flag = _configuration(tmp_path, f"endpoint: 127.0.0.1:{collector.port}\n")
    tokens = ("testing-admin-token,admin,1,system:masters", "other-token,eve,2,")
    with TestServer([flag], tokens=tokens) as server:
        sampled = {"traceparent": f"00-{_TRACE}-{_PARENT}-01"}
        _get(server, "/api/v1/nodes", **sampled)
        _get(server, "/version", **sampled, Authorization="Bearer other-token")
    assert {span.trace_id.hex() for span in collector.spans} == {_TRACE}
    assert [span.name for span in collector.spans if not span.name.startswith(("List", "Storage"))] == [
        "GET /api/v1/nodes"
    ]


def test_an_extension_server_continues_the_trace(collector: Collector, tmp_path: Path) -> None:
    flag = _configuration(tmp_path, f"endpoint: 127.0.0.1:{collector.port}\n")
    path = f"/apis/{GROUP}/v1/namespaces/default/trouts"
    with TestServer([flag], data_dir=tmp_path / "front") as front:
        authority = f"--requestheader-client-ca-file={front.data_dir}/pki/front-proxy-ca.crt"
        headers = ["--requestheader-username-headers=X-Remote-User", "--requestheader-group-headers=X-Remote-Group"]
        with TestServer([flag, authority, *headers], data_dir=tmp_path / "behind") as behind:
            Kubectl(behind, "default", tmp_path / "1")("apply", "-f", "-", stdin=json.dumps(DEFINITION))
            kubectl = Kubectl(front, "default", tmp_path / "2")
            kubectl("apply", "-f", "-", stdin=many(*registration(behind.port, GROUP, "fish")))
            kubectl("wait", "--for=condition=Available", f"apiservice/v1.{GROUP}", "--timeout=30s")
            _get(front, path, traceparent=f"00-{_TRACE}-{_PARENT}-01")
    served = collector.named(f"GET /apis/{GROUP}/v1/namespaces/{{:namespace}}/trouts")
    assert [span.trace_id.hex() for span in served] == [_TRACE, _TRACE]
    (call,) = [span for span in collector.named("HTTP GET") if span.trace_id.hex() == _TRACE]
    first, second = sorted(served, key=lambda span: span.parent_span_id.hex() != _PARENT)
    assert call.kind == Span.SPAN_KIND_CLIENT
    assert (call.parent_span_id, second.parent_span_id) == (first.span_id, call.span_id)
    assert _sent(call)["url.full"].endswith(path)
    assert _sent(call)["http.response.status_code"] == "200"


@pytest.mark.parametrize(("text", "error"), [
    ("samplingRatePerMillion: 1000001\n",
     "failed to validate tracing configuration: samplingRatePerMillion: Invalid value: 1000001: sampling rate per"
     " million must be less than or equal to one million"),
    ("endpoint: http://collector:4317\n", "unsupported scheme: http"),
    ("rate: 1\n", 'failed to read tracing config: unable to decode tracing configuration data: strict decoding error:'
     ' unknown field "rate"'),
])
def test_configurations_that_are_wrong_are_refused_at_the_start(text: str, error: str, tmp_path: Path) -> None:
    with pytest.raises(StartError) as refused, TestServer([_configuration(tmp_path, text)]):
        pass
    assert error in str(refused.value)
