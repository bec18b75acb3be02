"""Accept and Content-Type headers, as goautoneg and go-restful read them."""

import pytest

from pilothouse.apimachinery.gvk import GroupVersionKind
from pilothouse.apimachinery.http import Request
from pilothouse.apimachinery.status import StatusError
from pilothouse.endpoints.negotiation import (
    JSON,
    PLAIN_JSON,
    PROTOBUF,
    YAML,
    Accepted,
    Negotiator,
    allows_custom_resource_transform,
    allows_no_transform,
    input_media_type,
    is_pretty,
    match,
    parse_accept,
    require_stream,
)

TABLE = GroupVersionKind("meta.k8s.io", "v1", "Table")
META = GroupVersionKind("meta.k8s.io", "v1", "PartialObjectMetadata")


def request(method: str = "GET", query: str = "", **headers: str) -> Request:
    return Request(method, "/", query, [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()])


@pytest.mark.parametrize(("header", "expected"), [
    ("", Accepted(JSON)),
    ("*/*", Accepted(JSON)),
    ("application/yaml", Accepted(YAML)),
    ("application/yaml, application/json", Accepted(YAML)),
    ("application/json;q=0.1,application/yaml;q=0.9", Accepted(YAML)),
    ("application/json; charset=utf-8", Accepted(JSON)),
    ("application/json;stream=watch", Accepted(JSON)),
    ("application/json;pretty=1", Accepted(JSON, pretty=True)),
    ("application/json;as=Table;v=v1;g=meta.k8s.io", Accepted(JSON, transform=TABLE)),
    ("application/yaml;as=Table;v=v1;g=meta.k8s.io", Accepted(YAML, transform=TABLE)),
    ("application/json;as=Odd;v=v1;g=meta.k8s.io,application/json", Accepted(JSON)),
    ("application/vnd.kubernetes.protobuf,application/json", Accepted(PROTOBUF)),
    ("application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io,application/json", Accepted(JSON)),
    (f"{PROTOBUF};as=PartialObjectMetadata;v=v1;g=meta.k8s.io", Accepted(PROTOBUF, transform=META)),
])
def test_what_a_client_gets(header: str, expected: Accepted) -> None:
    assert Negotiator()(request(accept=header)) == expected


@pytest.mark.parametrize("header", [
    "application/json;as=Table", "application/json;as=Table;v=v2;g=meta.k8s.io", "application/yaml;stream=watch",
    "application/json;sv=v9",
])
def test_the_handler_refuses_parameters_it_does_not_know(header: str) -> None:
    with pytest.raises(StatusError) as e:
        Negotiator()(request(accept=header))
    assert e.value.status()["message"] == (
        "only the following media types are accepted: application/json, application/yaml, "
        "application/vnd.kubernetes.protobuf"
    )
    assert e.value.details is None


def test_the_router_refuses_unknown_types_first() -> None:
    with pytest.raises(StatusError) as e:
        Negotiator((JSON, "application/json;stream=watch"))(request(accept="text/plain"))
    assert e.value.code == 406
    assert e.value.message == (
        "406: Not Acceptable\n\nAvailable representations: application/json, application/json;stream=watch"
    )
    assert e.value.details == {}


def test_the_router_takes_a_write_without_a_body_for_a_bad_content_type() -> None:
    with pytest.raises(StatusError) as e:
        Negotiator((JSON,))(request("POST", accept="text/plain"))
    assert e.value.code == 415


def test_the_router_knows_one_wildcard_only() -> None:
    for header in ("application/*", "*"):
        assert match(header, allows_no_transform) == PLAIN_JSON
        with pytest.raises(StatusError, match="406: Not Acceptable"):
            Negotiator()(request(accept=header))


def test_plain_json_is_one_object() -> None:
    negotiate = Negotiator()
    assert negotiate(request(accept="application/json; charset=utf-8")) is PLAIN_JSON
    assert negotiate(request()) is PLAIN_JSON


def test_custom_resources_have_no_protobuf_but_for_their_metadata() -> None:
    negotiate = Negotiator(allows=allows_custom_resource_transform)
    assert negotiate(request(accept=f"{PROTOBUF},application/json")) is PLAIN_JSON
    accept = f"{PROTOBUF};as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
    assert negotiate(request(accept=accept)) == Accepted(PROTOBUF, transform=META)
    with pytest.raises(StatusError, match="only the following media types are accepted"):
        negotiate(request(accept=PROTOBUF))


def test_clauses_come_best_first() -> None:
    clauses = parse_accept("text/*;q=0.3, text/html;q=0.7, */*;q=0.5, broken, a/b/c, image/png")
    assert [(c.type, c.subtype, c.q) for c in clauses] == [
        ("image", "png", 1.0), ("text", "html", 0.7), ("*", "*", 0.5), ("text", "*", 0.3),
    ]
    assert parse_accept("a/b;q=x")[0].q == 0.0


def test_many_clauses_are_sorted_soon_and_only_the_first_thousand_count() -> None:
    many = [f"a/b{i};q=0.{i:04}" for i in range(2000)]
    clauses = parse_accept(",".join([*many[:998], "*/*", "text/html", *many[998:]]))
    assert [clause.type for clause in clauses[:3]] == ["text", "*", "a"]
    assert len(clauses) == 1000
    assert clauses[2].subtype == "b997"


def test_an_endpoint_without_transformations() -> None:
    header = "application/json;as=Table;v=v1;g=meta.k8s.io"
    assert match(header, allows_no_transform) is None
    assert match(f"{header},application/json", allows_no_transform) == PLAIN_JSON


def test_watches_need_a_streaming_type() -> None:
    require_stream(PLAIN_JSON)
    with pytest.raises(StatusError, match="application/json;stream=watch"):
        require_stream(Accepted(YAML))


def test_content_types() -> None:
    assert input_media_type(request()) == JSON
    assert input_media_type(request(content_type="application/yaml; charset=utf-8")) == YAML
    with pytest.raises(StatusError) as e:
        input_media_type(request(content_type="text/plain"))
    assert e.value.code == 415
    assert "accepted media types include: application/json, application/yaml" in e.value.message


@pytest.mark.parametrize(("query", "agent", "pretty"), [
    ("", "", False), ("pretty=true", "", True), ("pretty=0", "curl/8", False), ("pretty=", "curl/8", True),
    ("pretty=odd", "curl/8", False), ("", "curl/8.0", True), ("", "Mozilla/5.0 (X11)", True), ("", "kubectl/v1", False),
])
def test_pretty(query: str, agent: str, pretty: bool) -> None:
    assert is_pretty(request(query=query, user_agent=agent)) is pretty
