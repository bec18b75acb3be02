"""All forms of URL, after upstream's requestinfo_test.go."""

import pytest

from pilothouse.apimachinery.http import Request
from pilothouse.apimachinery.requestinfo import RequestInfo, RequestInfoError, request_uri, resolve


def info(method: str, url: str) -> RequestInfo:
    path, _, query = url.partition("?")
    return resolve(Request(method, path, query))


@pytest.mark.parametrize(
    ("method", "url", "expected"),
    [
        # method, url, (verb, prefix, group, version, namespace, resource, subresource, name, parts)
        ("GET", "/api/v1/namespaces", ("list", "api", "", "v1", "", "namespaces", "", "", ("namespaces",))),
        ("GET", "/api/v1/namespaces/other", (
            "get", "api", "", "v1", "other", "namespaces", "", "other", ("namespaces", "other"))),
        ("GET", "/api/v1/namespaces/other/pods", ("list", "api", "", "v1", "other", "pods", "", "", ("pods",))),
        ("GET", "/api/v1/namespaces/other/pods/foo", (
            "get", "api", "", "v1", "other", "pods", "", "foo", ("pods", "foo"))),
        ("HEAD", "/api/v1/namespaces/other/pods/foo", (
            "get", "api", "", "v1", "other", "pods", "", "foo", ("pods", "foo"))),
        ("GET", "/api/v1/pods", ("list", "api", "", "v1", "", "pods", "", "", ("pods",))),
        ("HEAD", "/api/v1/pods", ("list", "api", "", "v1", "", "pods", "", "", ("pods",))),
        # special verbs in the path
        ("GET", "/api/v1/proxy/namespaces/other/pods/foo", (
            "proxy", "api", "", "v1", "other", "pods", "", "foo", ("pods", "foo"))),
        ("GET", "/api/v1/proxy/namespaces/other/pods/foo/subpath/not/a/subresource", (
            "proxy", "api", "", "v1", "other", "pods", "", "foo",
            ("pods", "foo", "subpath", "not", "a", "subresource"))),
        ("GET", "/api/v1/watch/pods", ("watch", "api", "", "v1", "", "pods", "", "", ("pods",))),
        ("GET", "/api/v1/watch/namespaces/other/pods", (
            "watch", "api", "", "v1", "other", "pods", "", "", ("pods",))),
        ("GET", "/api/v1/watch/namespaces/other/pods/x", (
            "watch", "api", "", "v1", "other", "pods", "", "x", ("pods", "x"))),
        # the watch parameter
        ("GET", "/api/v1/pods?watch=true", ("watch", "api", "", "v1", "", "pods", "", "", ("pods",))),
        ("GET", "/api/v1/pods?watch=", ("watch", "api", "", "v1", "", "pods", "", "", ("pods",))),
        ("GET", "/api/v1/pods?watch=false", ("list", "api", "", "v1", "", "pods", "", "", ("pods",))),
        ("GET", "/api/v1/pods?watch=FALSE", ("list", "api", "", "v1", "", "pods", "", "", ("pods",))),
        ("GET", "/api/v1/pods?watch=0", ("list", "api", "", "v1", "", "pods", "", "", ("pods",))),
        # subresources
        ("GET", "/api/v1/namespaces/other/pods/foo/status", (
            "get", "api", "", "v1", "other", "pods", "status", "foo", ("pods", "foo", "status"))),
        ("PUT", "/api/v1/namespaces/other/finalize", (
            "update", "api", "", "v1", "other", "namespaces", "finalize", "other",
            ("namespaces", "other", "finalize"))),
        ("PUT", "/api/v1/namespaces/other/status", (
            "update", "api", "", "v1", "other", "namespaces", "status", "other", ("namespaces", "other", "status"))),
        # verbs
        ("PATCH", "/api/v1/namespaces/other/pods/foo", (
            "patch", "api", "", "v1", "other", "pods", "", "foo", ("pods", "foo"))),
        ("DELETE", "/api/v1/namespaces/other/pods/foo", (
            "delete", "api", "", "v1", "other", "pods", "", "foo", ("pods", "foo"))),
        ("POST", "/api/v1/namespaces/other/pods", ("create", "api", "", "v1", "other", "pods", "", "", ("pods",))),
        ("DELETE", "/api/v1/nodes", ("deletecollection", "api", "", "v1", "", "nodes", "", "", ("nodes",))),
        ("DELETE", "/api/v1/namespaces", (
            "deletecollection", "api", "", "v1", "", "namespaces", "", "", ("namespaces",))),
        ("FOO", "/api/v1/namespaces/other/pods", ("", "api", "", "v1", "other", "pods", "", "", ("pods",))),
        # groups
        ("GET", "/apis/extensions/v1beta3/namespaces/other/pods", (
            "list", "apis", "extensions", "v1beta3", "other", "pods", "", "", ("pods",))),
        ("DELETE", "/apis/apps/v1/namespaces/other/deployments", (
            "deletecollection", "apis", "apps", "v1", "other", "deployments", "", "", ("deployments",))),
    ],
)
def test_resource_requests(method: str, url: str, expected: tuple[object, ...]) -> None:
    got = info(method, url)
    assert got.is_resource_request
    assert (
        got.verb, got.api_prefix, got.api_group, got.api_version, got.namespace, got.resource, got.subresource,
        got.name, got.parts,
    ) == expected


@pytest.mark.parametrize(
    "path",
    ["/", "", "/api", "/api/", "/api/v1", "/api/v1/", "/apis", "/apis/apps", "/apis/apps/v1", "/apis/apps/v1/",
     "/healthz", "/apis/v1/pods", "/foo/bar/baz/qux", "//api/v1"],
)
def test_non_resource_requests(path: str) -> None:
    got = info("POST", path)
    assert not got.is_resource_request
    assert (got.verb, got.path, got.resource, got.namespace) == ("post", path, "", "")


@pytest.mark.parametrize("path", ["/api/v1/watch", "/api/v1/proxy", "/apis/apps/v1/watch"])
def test_special_verb_alone_is_an_error(path: str) -> None:
    with pytest.raises(RequestInfoError, match=f"unable to determine kind and namespace from url, {path}$"):
        info("GET", path)


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("fieldSelector=metadata.name%3Dfoo", "foo"),
        ("fieldSelector=metadata.name%3Dfoo,status.phase%3DRunning", "foo"),
        ("fieldSelector=metadata.name!%3Dfoo", ""),
        ("fieldSelector=metadata.name%3Da/b", ""),
        ("fieldSelector=metadata.name%3D..", ""),
        ("fieldSelector=nonsense", ""),
        ("fieldSelector=metadata.name%3Dfoo&limit=bad", ""),
        ("fieldSelector=metadata.name%3D", ""),
    ],
)
def test_single_name_selector_names_the_object(query: str, name: str) -> None:
    for watch, verb in (("", "list"), ("&watch=1", "watch")):
        got = info("GET", f"/api/v1/namespaces/ns/pods?{query}{watch}")
        assert (got.name, got.verb) == (name, verb)


def test_selectors_are_kept_for_collections_only() -> None:
    query = "fieldSelector=a%3Db&labelSelector=c"
    for method, path in (("GET", "/api/v1/pods"), ("DELETE", "/api/v1/namespaces/ns/pods")):
        got = info(method, f"{path}?{query}")
        assert (got.field_selector, got.label_selector) == ("a=b", "c")
    for method, path in (
        ("GET", "/api/v1/namespaces/ns/pods/x"), ("GET", "/api/v1/watch/pods"), ("POST", "/api/v1/pods"),
    ):
        got = info(method, f"{path}?{query}")
        assert (got.field_selector, got.label_selector) == ("", "")


@pytest.mark.parametrize(
    ("url", "long_running"),
    [
        ("/api/v1/pods?watch=1", True), ("/api/v1/watch/pods", True), ("/api/v1/pods", False),
        ("/api/v1/namespaces/a/pods/b/log", True), ("/api/v1/namespaces/a/pods/b/exec", True),
        ("/api/v1/namespaces/a/services/b/proxy/x", True), ("/api/v1/namespaces/a/pods/b/status", False),
        ("/debug/pprof/profile", True), ("/debug/pprof", False), ("/metrics", False),
    ],
)
def test_long_running(url: str, long_running: bool) -> None:
    assert info("GET", url).long_running is long_running


def test_what_is_remembered_of_a_path_does_not_hold_for_another_query() -> None:
    plain = info("GET", "/api/v1/pods")
    assert info("GET", "/api/v1/pods") is plain
    assert info("GET", "/api/v1/pods?watch=1").verb == "watch"
    assert info("GET", "/api/v1/pods?fieldSelector=metadata.name%3Dx").name == "x"
    assert info("DELETE", "/api/v1/pods?labelSelector=a").label_selector == "a"
    assert info("GET", "/api/v1/pods") is plain
    assert (plain.verb, plain.name, plain.label_selector) == ("list", "", "")
    named = info("PATCH", "/api/v1/namespaces/a/pods/b")
    assert info("PATCH", "/api/v1/namespaces/a/pods/b?fieldManager=m") is named


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (b"/api/v1/pods?watch=true&x=%20", "/api/v1/pods?watch=true&x=%20"),
        (b"/a%2Fb/c%20d", "/a%2Fb/c%20d"),
        (b"/a(b)!*'[c]", "/a(b)!*'[c]"),
        (b'/a"b<c>/%41', "/a%22b%3Cc%3E/A"),
        (b"/\xc3\xa9?\xc3\xa9&\xff\xfe", "/%C3%A9?\u00e9&\ufffd\ufffd"),
        (b"/a?", "/a?"),
        (b"http://host/a?b", "/a?b"),
        (b"http://host?b", "/?b"),
        (b"*", "*"),
    ],
)
def test_uris_are_shown_as_net_http_shows_them(target: bytes, expected: str) -> None:
    request = Request("GET", "/decoded")
    request.target = target
    assert request_uri(request) == expected


def test_uris_of_requests_without_a_connection() -> None:
    assert request_uri(Request("GET", "/a b/\u00e9:c", "x=y")) == "/a%20b/%C3%A9:c?x=y"
    assert request_uri(Request("GET", "/a")) == "/a"
