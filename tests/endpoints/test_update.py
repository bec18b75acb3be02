"""PUT of an object."""

from pilothouse.admission.chain import Chain
from pilothouse.apimachinery.user import User
from pilothouse.authorization.interface import Attributes, Decision
from pilothouse.endpoints.scope import Services
from tests.endpoints.support import API, MAPS, config_map, run

ROLE = "/apis/rbac.authorization.k8s.io/v1/namespaces/ns/roles/r"


def test_replaces_the_object() -> None:
    async def test(api: API) -> None:
        _, made = await api.json("POST", MAPS, config_map("a", data={"k": "v"}))
        made["data"] = {"k": "w"}
        code, changed = await api.json("PUT", f"{MAPS}/a", made)
        assert (code, changed["data"]) == (200, {"k": "w"})
        assert changed["metadata"]["uid"] == made["metadata"]["uid"]
        code, error = await api.json("PUT", f"{MAPS}/a", made)
        assert (code, error["message"]) == (
            409, 'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your '
            "changes to the latest version and try again",
        )
        code, unchanged = await api.json("PUT", f"{MAPS}/a", {**changed})
        assert unchanged["metadata"]["resourceVersion"] == changed["metadata"]["resourceVersion"]

    run(test)


def test_the_object_must_be_the_one_of_the_url() -> None:
    async def test(api: API) -> None:
        await api.call("POST", MAPS, config_map("a"))
        for body, text in (
            (config_map("b"), "the name of the object (b) does not match the name on the URL (a)"),
            ({}, "the name of the object (a based on URL) was undeterminable: name must be provided"),
            (config_map("a", metadata={"name": "a", "namespace": "x"}),
             "the namespace of the provided object does not match the namespace sent on the request"),
        ):
            code, error = await api.json("PUT", f"{MAPS}/a", body)
            assert (code, error["message"]) == (400, text)
        code, error = await api.json("PUT", f"{MAPS}/a", config_map("a", metadata={"name": "a", "uid": "other"}))
        assert code == 409
        assert "Precondition failed: UID in precondition: other" in error["message"]

    run(test)


def test_an_update_may_create_where_the_kind_lets_it() -> None:
    async def test(api: API) -> None:
        assert (await api.call("PUT", f"{MAPS}/a", config_map("a"))).status == 404
        code, _ = await api.json("PUT", ROLE, {"metadata": {"name": "r"}, "rules": []})
        assert code == 201
        code, _ = await api.json("PUT", ROLE, {"metadata": {"name": "r"}, "rules": []})
        assert code == 200

    run(test)


class NoCreates:
    async def authorize(self, attributes: Attributes) -> tuple[Decision, str]:
        assert attributes.user == User("admin", groups=("system:masters",))
        return (Decision.DENY, "because") if attributes.verb == "create" else (Decision.ALLOW, "")


def test_creating_by_update_needs_the_right_to_create() -> None:
    async def test(api: API) -> None:
        code, error = await api.json("PUT", ROLE, {"metadata": {"name": "r"}, "rules": []})
        assert (code, error["message"]) == (
            403,
            'roles.rbac.authorization.k8s.io "r" is forbidden: User "admin" cannot create resource "roles" in API '
            'group "rbac.authorization.k8s.io" in the namespace "ns": because',
        )
        assert (await api.call("GET", ROLE)).status == 404

    run(test, Services(admission=Chain([]), authorizer=NoCreates()))


def test_status_is_kept_apart() -> None:
    async def test(api: API) -> None:
        path = "/api/v1/namespaces/ns/resourcequotas"
        await api.call("POST", path, {"metadata": {"name": "q"}, "spec": {"hard": {"pods": "1"}}})
        body = {"metadata": {"name": "q"}, "spec": {"hard": {"pods": "9"}}, "status": {"hard": {"pods": "1"}}}
        code, changed = await api.json("PUT", f"{path}/q/status", body, user_agent="quota")
        assert (code, changed["spec"], changed["status"]) == (200, {"hard": {"pods": "1"}}, {"hard": {"pods": "1"}})
        assert {"quota": "status"}.items() <= {
            e["manager"]: e.get("subresource") for e in changed["metadata"]["managedFields"]
        }.items()
        code, changed = await api.json("PUT", f"{path}/q", {"metadata": {"name": "q"}, "spec": {"hard": {"pods": "2"}}})
        assert (changed["spec"], changed["status"]) == ({"hard": {"pods": "2"}}, {"hard": {"pods": "1"}})

    run(test)
