from pilothouse.apimachinery.gvk import GroupVersionKind
from pilothouse.apimachinery.schema import catalog, model
from pilothouse.apimachinery.schema.model import Field, Type

POD = GroupVersionKind("", "v1", "Pod")


def field(type: Type | None, *path: str) -> Field:
    assert type is not None
    found = None
    for name in path:
        while type.items is not None:
            type = type.items
        found = type.fields[name]
        type = found.type
    assert found is not None
    return found


def test_a_kind_is_found_and_is_always_the_same_object() -> None:
    pod = catalog.type_for(POD)
    assert pod is not None
    assert pod is catalog.type_named("io.k8s.api.core.v1.Pod")
    assert pod.gvks == (POD,)
    assert catalog.type_for(GroupVersionKind("", "v1", "Odd")) is None
    assert catalog.type_named("io.k8s.Odd") is None


def test_fields_stand_in_gos_order() -> None:
    pod = catalog.type_for(POD)
    assert pod is not None
    assert list(pod.fields) == ["kind", "apiVersion", "metadata", "spec", "status"]
    assert list(field(pod, "metadata").type.fields)[:4] == ["name", "generateName", "namespace", "selfLink"]


def test_facts_of_openapi_and_of_go_meet_in_one_field() -> None:
    ports = field(catalog.type_for(POD), "spec", "containers", "ports")
    assert ports.type.kind == model.LIST
    assert ports.type.list_type == "map"
    assert ports.type.map_keys == ("containerPort", "protocol")
    assert ports.type.key_defaults == {"protocol": "TCP"}
    assert ports.patch_strategy == ("merge",)
    assert ports.patch_merge_key == "containerPort"
    assert ports.type.go_name == "[]v1.ContainerPort"
    assert ports.proto_path == (6,)


def test_an_embedded_struct_is_flattened_and_keeps_its_way_in_protobuf() -> None:
    exec_ = field(catalog.type_for(POD), "spec", "containers", "livenessProbe", "exec")
    assert exec_.pointer
    assert exec_.proto_path == (1, 1)


def test_special_types_are_scalars_with_a_format() -> None:
    pod = catalog.type_for(POD)
    limits = field(pod, "spec", "containers", "resources", "limits").type
    assert limits.values is not None and limits.values.format == model.QUANTITY
    assert field(pod, "metadata", "creationTimestamp").type.format == model.TIME
    assert field(pod, "metadata", "creationTimestamp").omit == "zero"
    assert field(pod, "spec", "terminationGracePeriodSeconds").type.format == model.INT64
    assert field(pod, "metadata", "managedFields", "fieldsV1").type.format == model.RAW


def test_a_type_may_contain_itself() -> None:
    schema = catalog.type_named("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps")
    assert schema is not None
    properties = schema.fields["properties"].type
    assert properties.values is schema
    assert schema.fields["not"].type is schema


def test_every_type_links_and_every_kind_has_a_type() -> None:
    for name in catalog.names():
        assert catalog.type_named(name) is not None
    for gvk in catalog.kinds():
        assert catalog.type_for(gvk) is not None
    versions = {gvk.version for gvk in catalog.kinds() if gvk.group == "resource.k8s.io"}
    assert {"v1", "v1beta1", "v1beta2"} <= versions


def test_descriptions_are_there() -> None:
    assert catalog.definitions(2)["io.k8s.api.core.v1.Pod"]["description"].startswith("Pod is a collection")


def test_definitions_carry_enums_and_in_v3_defaults() -> None:
    protocol = catalog.definitions(2)["io.k8s.api.core.v1.ContainerPort"]["properties"]["protocol"]
    assert protocol["enum"] == ["SCTP", "TCP", "UDP"]
    assert protocol["description"].endswith(
        '\n\nPossible enum values:\n - `"SCTP"` is the SCTP protocol.\n - `"TCP"` is the TCP protocol.\n'
        ' - `"UDP"` is the UDP protocol.'
    )
    assert "default" not in protocol
    pod = catalog.definitions(3)["io.k8s.api.core.v1.Pod"]["properties"]
    assert pod["spec"]["default"] == {}
    assert pod["spec"]["allOf"] == [{"$ref": "#/components/schemas/io.k8s.api.core.v1.PodSpec"}]
    port = catalog.definitions(3)["io.k8s.api.core.v1.ContainerPort"]["properties"]
    assert (port["protocol"]["default"], port["containerPort"]["default"]) == ("TCP", 0)
