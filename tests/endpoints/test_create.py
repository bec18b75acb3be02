"""POST of an object."""

import pytest

from pilothouse.admission.chain import Chain
from pilothouse.admission.interface import Attributes
from pilothouse.apimachinery.gvk import GroupResource
from pilothouse.endpoints.scope import Services
from tests.endpoints.support import API, MAPS, PARTIAL, AllowAll, config_map, run


def test_what_a_client_gets_back() -> None:
    async def test(api: API) -> None:
        code, made = await api.json("POST", MAPS, config_map("a", data={"k": "v"}), user_agent="kubectl/v1.36 (x)")
        assert code == 201
        assert (made["kind"], made["apiVersion"], made["data"]) == ("ConfigMap", "v1", {"k": "v"})
        metadata = made["metadata"]
        assert metadata["namespace"] == "ns"
        assert metadata["uid"] and metadata["resourceVersion"] and metadata["creationTimestamp"]
        [entry] = metadata["managedFields"]
        assert (entry["manager"], entry["operation"], entry["apiVersion"]) == ("kubectl", "Update", "v1")
        assert entry["fieldsV1"] == {"f:data": {".": {}, "f:k": {}}}
        code, partial = await api.json("POST", MAPS, config_map("b"), accept=PARTIAL)
        assert (code, partial["kind"]) == (201, "PartialObjectMetadata")

    run(test)


def test_yaml_and_defaults_from_the_path() -> None:
    async def test(api: API) -> None:
        code, made = await api.json("POST", MAPS, "metadata: {name: a}\ndata: {k: v}", content_type="application/yaml")
        assert (code, made["data"]) == (201, {"k": "v"})

    run(test)


@pytest.mark.parametrize(("body", "code", "text"), [
    (config_map("a", metadata={"name": "a", "namespace": "other"}), 400,
     "the namespace of the provided object does not match the namespace sent on the request"),
    ({"apiVersion": "v1", "kind": "Secret"}, 400,
     'Secret in version "v1" cannot be handled as a ConfigMap: converting (v1.Secret) to (core.ConfigMap): '
     "unknown conversion"),
    ({}, 422, 'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required'),
    (config_map("a", metadata={"name": "a", "resourceVersion": "5"}), 500,
     "resourceVersion should not be set on objects to be created"),
])
def test_refusals(body: object, code: int, text: str) -> None:
    async def test(api: API) -> None:
        found, error = await api.json("POST", MAPS, body)
        assert (found, error["message"]) == (code, text)

    run(test)


def test_media_types_and_sizes() -> None:
    async def test(api: API) -> None:
        assert (await api.call("POST", MAPS, config_map("a"), content_type="text/plain")).status == 415
        assert (await api.call("POST", MAPS, config_map("a"), accept="text/plain")).status == 406
        assert (await api.call("POST", MAPS, config_map("a"), query="dryRun=Odd")).status == 422

    run(test)


def test_unknown_fields() -> None:
    async def test(api: API) -> None:
        odd = config_map("a", odd=1)
        code, error = await api.json("POST", MAPS, odd, query="fieldValidation=Strict")
        assert (code, error["message"]) == (
            400,
            'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "odd"',
        )
        assert (await api.call("POST", MAPS, odd)).status == 201
        assert api.warnings == ['unknown field "odd"']
        await api.call("POST", MAPS, {**odd, "metadata": {"name": "b"}}, query="fieldValidation=Ignore")
        assert api.warnings == []

    run(test)


def test_dry_run_stores_nothing() -> None:
    async def test(api: API) -> None:
        code, made = await api.json("POST", MAPS, config_map("a"), query="dryRun=All")
        assert code == 201
        assert "resourceVersion" not in made["metadata"]
        assert (await api.call("GET", f"{MAPS}/a")).status == 404

    run(test)


def test_system_fields_and_repeated_owners_are_dropped() -> None:
    async def test(api: API) -> None:
        owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "o", "uid": "u"}
        _, made = await api.json("POST", MAPS, config_map("a", metadata={
            "name": "a", "uid": "mine", "deletionTimestamp": "2020-01-01T00:00:00Z", "ownerReferences": [owner, owner],
        }))
        assert made["metadata"]["uid"] != "mine"
        assert "deletionTimestamp" not in made["metadata"]
        assert made["metadata"]["ownerReferences"] == [owner]
        assert api.warnings[0].endswith("please fix your requests; duplicate UID(s) observed: u")

    run(test)


class Labels:
    """Adds a label, and refuses what is called "bad"."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, str]] = []

    def handles(self, operation: str, resource: GroupResource, subresource: str) -> bool:
        return resource.resource in ("configmaps", "namespaces")

    async def admit(self, a: Attributes) -> None:
        self.seen.append((a.operation, a.namespace, a.name))
        if a.object is not None:
            a.object["metadata"].setdefault("labels", {})["admitted"] = "yes"

    async def validate(self, a: Attributes) -> None:
        from pilothouse.admission.interface import forbidden

        if a.name == "bad":
            raise forbidden(a, "no")


def test_admission_changes_and_refuses() -> None:
    plugin = Labels()

    async def test(api: API) -> None:
        _, made = await api.json("POST", MAPS, config_map("a"))
        assert made["metadata"]["labels"] == {"admitted": "yes"}
        code, error = await api.json("POST", MAPS, config_map("bad"))
        assert (code, error["message"]) == (403, 'configmaps "bad" is forbidden: no')
        await api.call("POST", "/api/v1/namespaces", {"metadata": {"name": "team"}})
        await api.call("DELETE", f"{MAPS}/a")
        assert plugin.seen == [
            ("CREATE", "ns", "a"), ("CREATE", "ns", "bad"), ("CREATE", "team", "team"), ("DELETE", "ns", "a"),
        ]

    run(test, Services(admission=Chain([plugin]), authorizer=AllowAll()))


def test_protobuf_bodies() -> None:
    quota = bytes.fromhex(
        "6b3873000a130a027631120d5265736f7572636551756f746112300a110a017112001a0022002a0032003800420012190a0a0a0363707512"
        "030a01310a0b0a04706f647312030a01321a001a002200"
    )
    path, protobuf = "/api/v1/namespaces/ns/resourcequotas", "application/vnd.kubernetes.protobuf"

    async def test(api: API) -> None:
        code, made = await api.json("POST", path, quota, content_type=protobuf, accept="application/json")
        assert (code, made["spec"]) == (201, {"hard": {"cpu": "1", "pods": "2"}})
        code, error = await api.json("POST", MAPS, quota, content_type=protobuf)
        assert (code, error["message"]) == (
            400, 'ResourceQuota in version "v1" cannot be handled as a ConfigMap: converting (v1.ResourceQuota) to '
            "(core.ConfigMap): unknown conversion",
        )
        code, error = await api.json("POST", MAPS, "{}", content_type=protobuf)
        assert (code, error["message"]) == (
            400, "the object provided is unrecognized (must be of type ConfigMap): provided data does not appear to be "
            "a protobuf message, expected prefix [107 56 115 0] ({})",
        )

    run(test)
