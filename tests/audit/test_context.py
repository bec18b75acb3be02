import asyncio
import gc
from typing import Any

import orjson
from tests.audit.support import Kept, metrics, request

from pilothouse.apimachinery.http import Context, Request
from pilothouse.apimachinery.user import User
from pilothouse.audit.context import AuditContext
from pilothouse.audit.objects import Document
from pilothouse.audit.pieces import Pieces
from pilothouse.audit.policy import METADATA, REQUEST_RESPONSE, RequestConfig
from pilothouse.authorization.impersonation import Impersonated


def told(made: Request, audit: AuditContext, kept: Kept, stage: str = "ResponseComplete") -> Any:
    async def run() -> None:
        if audit.has_to_prepare:
            await audit.prepare()
        audit.process(stage, made.context)

    asyncio.run(run())
    return orjson.loads(kept.events[-1].json)


def begin(made: Request, level: int = METADATA, **config: Any) -> tuple[AuditContext, Kept]:
    kept = Kept()
    return AuditContext(made, made.context.user, RequestConfig(level, **config), kept, metrics()[0], Pieces()), kept


def test_what_is_told_of_a_request() -> None:
    made = request("GET", "/api/v1/namespaces/ns/pods/p/status?x=y", user_agent="kubectl")
    made.context.authorization_decision, made.context.authorization_reason = "allow", "because"
    made.context.audit_annotations = {"z": "1", "a": "2"}
    audit, kept = begin(made)
    audit.answer(200)
    event = told(made, audit, kept)
    assert list(event) == [
        "kind", "apiVersion", "level", "auditID", "stage", "requestURI", "verb", "user", "sourceIPs", "userAgent",
        "objectRef", "responseStatus", "requestReceivedTimestamp", "stageTimestamp", "annotations",
    ]
    assert event["user"] == {"username": "bob", "groups": ["dev"]}
    assert event["requestURI"] == "/api/v1/namespaces/ns/pods/p/status?x=y"
    assert event["objectRef"] == {
        "resource": "pods", "namespace": "ns", "name": "p", "apiVersion": "v1", "subresource": "status"
    }
    assert event["responseStatus"] == {"metadata": {}, "code": 200}
    assert list(event["annotations"].items()) == [
        ("a", "2"), ("authorization.k8s.io/decision", "allow"), ("authorization.k8s.io/reason", "because"), ("z", "1")
    ]


def test_the_real_user_and_the_one_acted_as() -> None:
    made = request()
    audit, kept = begin(made)
    made.context.impersonated = Impersonated(User("eve", "u", ("g",), {"k": ("v",)}), "impersonate:user-info")
    made.context.user = made.context.impersonated.user
    event = told(made, audit, kept)
    assert event["user"]["username"] == "bob"
    assert event["impersonatedUser"] == {"username": "eve", "uid": "u", "groups": ["g"], "extra": {"k": ["v"]}}
    assert event["authenticationMetadata"] == {"impersonationConstraint": "impersonate:user-info"}


def test_objects_are_told_of_at_their_level_only() -> None:
    made = request()
    audit, _ = begin(made)
    assert (audit.wants_request, audit.wants_response) == (False, False)
    audit, kept = begin(made, REQUEST_RESPONSE, omit_managed_fields=True)
    assert (audit.wants_request, audit.wants_response) == (True, True)
    managed = b'{"metadata":{"name":"a","managedFields":[{}]}}'
    audit.request_object = Document(managed)
    audit.response_object = Document(b'{"items":[%s],"rows":[{"object":%s},{"object":null}]}' % (managed, managed))
    event = told(made, audit, kept)
    assert event["requestObject"] == {"metadata": {"name": "a"}}
    assert event["responseObject"]["items"] == [{"metadata": {"name": "a"}}]
    assert event["responseObject"]["rows"][0] == {"object": {"metadata": {"name": "a"}}}


def test_what_the_object_says_and_the_url_does_not() -> None:
    made = request("POST", "/api/v1/namespaces/ns/pods")
    audit, kept = begin(made)
    audit.see({"name": "p", "namespace": "other", "uid": "u", "resourceVersion": "7"})
    assert told(made, audit, kept)["objectRef"] == {
        "resource": "pods", "namespace": "ns", "name": "p", "uid": "u", "apiVersion": "v1", "resourceVersion": "7"
    }


def test_stages_that_are_left_out() -> None:
    made = request()
    audit, kept = begin(made, omit_stages=frozenset({"RequestReceived"}))
    assert not audit.process("RequestReceived", made.context)
    assert kept.events == []


def test_slow_requests_say_where_the_time_went() -> None:
    made = request()
    made.context.received_at -= 2
    made.context.track("storage", 1.5)
    made.context.track("impersonation", 0.25)
    audit, kept = begin(made)
    annotations = told(made, audit, kept)["annotations"]
    assert annotations["apiserver.latency.k8s.io/etcd"] == "1.5s"
    assert annotations["apiserver.latency.k8s.io/impersonation"] == "250ms"
    assert "apiserver.latency.k8s.io/total" in annotations


def test_long_user_agents_and_no_user() -> None:
    made = request(user_agent="x" * 2000)
    kept = Kept()
    audit = AuditContext(made, None, RequestConfig(METADATA), kept, metrics()[0], Pieces())
    event = told(made, audit, kept)
    assert event["userAgent"] == "x" * 1024 + "...TRUNCATED"
    assert event["user"] == {}


def test_a_request_leaves_no_circle() -> None:
    made = request()
    made.context.audit, _ = begin(made)
    gc.collect()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        del made, _
        gc.collect()
        # others' garbage may be among it: threads of earlier tests
        assert not [found for found in gc.garbage if isinstance(found, (Request, Context, AuditContext))]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
