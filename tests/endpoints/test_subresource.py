"""Subresources and resources with a meaning of their own."""

from tests.endpoints.support import API, TABLE, run

PODS = "/api/v1/namespaces/ns/pods"


async def pod(api: API) -> None:
    await api.call("POST", PODS, {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}})


def test_binding_answers_with_a_status() -> None:
    async def test(api: API) -> None:
        await pod(api)
        body = {"metadata": {"name": "p"}, "target": {"kind": "Node", "name": "n1"}}
        code, answer = await api.json("POST", f"{PODS}/p/binding", body)
        assert (code, answer) == (
            201, {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}
        )
        assert (await api.json("GET", f"{PODS}/p"))[1]["spec"]["nodeName"] == "n1"

    run(test)


def test_a_binding_says_which_object_it_means() -> None:
    async def test(api: API) -> None:
        await pod(api)
        body = {"metadata": {"name": "p", "uid": "other"}, "target": {"kind": "Node", "name": "n1"}}
        code, error = await api.json("POST", f"{PODS}/p/binding", body)
        assert code == 409
        assert "UID in precondition: other" in error["message"]

    run(test)


def test_reviews_store_nothing() -> None:
    async def test(api: API) -> None:
        code, answer = await api.json(
            "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {"kind": "SelfSubjectReview"}
        )
        assert (code, answer["kind"]) == (201, "SelfSubjectReview")
        assert answer["status"]["userInfo"]["username"] == "admin"

    run(test)


def test_what_has_no_printer_makes_no_tables() -> None:
    async def test(api: API) -> None:
        path, body = "/apis/authentication.k8s.io/v1/selfsubjectreviews", {"kind": "SelfSubjectReview"}
        code, answer = await api.json("POST", path, body, accept=f"{TABLE},application/json")
        assert (code, answer["kind"]) == (201, "SelfSubjectReview")
        await pod(api)
        code, answer = await api.json("GET", f"{PODS}/p/status", accept=TABLE)
        assert (code, answer["kind"]) == (200, "Table")
        code, answer = await api.json("GET", f"{PODS}/p/ephemeralcontainers", accept=TABLE)
        assert (code, answer["reason"]) == (406, "NotAcceptable")

    run(test)


def test_finalize_writes_the_whole_object() -> None:
    async def test(api: API) -> None:
        _, made = await api.json("POST", "/api/v1/namespaces", {"metadata": {"name": "n"}})
        made["spec"]["finalizers"] = []
        code, changed = await api.json("PUT", "/api/v1/namespaces/n/finalize", made)
        assert (code, changed["kind"]) == (200, "Namespace")

    run(test)


def test_component_statuses_are_listed() -> None:
    async def test(api: API) -> None:
        code, found = await api.json("GET", "/api/v1/componentstatuses")
        assert (code, found["kind"]) == (200, "ComponentStatusList")
        code, table = await api.json("GET", "/api/v1/componentstatuses", accept=TABLE)
        assert (code, table["kind"]) == (200, "Table")

    run(test)
