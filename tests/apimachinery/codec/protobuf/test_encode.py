"""What Go's generated code writes. The samples were sent by kubectl."""

import pytest

from pilothouse.apimachinery.codec.protobuf import decoder, encoder, open_envelope
from pilothouse.apimachinery.codec.protobuf.envelope import head, seal
from pilothouse.apimachinery.gvk import GroupVersion, GroupVersionKind
from pilothouse.apimachinery.schema import catalog
from pilothouse.apimachinery.schema import decode as schema

DEPLOYMENT = (
    "6b3873000a150a07617070732f7631120a4465706c6f796d656e7412b0010a1b0a016412001a0022002a003200380042005a080a03617070"
    "1201641282010802120a0a080a036170701201641a6a0a1a0a0012001a0022002a003200380042005a080a03617070120164124c122e0a05"
    "6e67696e7812056e67696e782a00320a0a001000185022002a0042006a007200800100880100900100a201001a00320042004a0052005800"
    "600068008201008a01009a0100c2010022020a00280038001a0c0800100018002000280038001a002200"
)
BUDGET = (
    "6b3873000a200a09706f6c6963792f76311213506f6444697372757074696f6e42756467657412360a110a017012001a0022002a00320038"
    "00420012150a09080110001a0335302512080a060a01611201621a0a080018002000280030001a002200"
)
QUOTA = (
    "6b3873000a130a027631120d5265736f7572636551756f746112300a110a017112001a0022002a0032003800420012190a0a0a0363707512"
    "030a01310a0b0a04706f647312030a01321a001a002200"
)


def message(name: str, obj: object) -> str:
    type = catalog.type_named(name)
    assert type is not None
    return encoder(type)(obj).hex()


@pytest.mark.parametrize("sent", [DEPLOYMENT, BUDGET, QUOTA])
def test_the_same_bytes_as_go(sent: str) -> None:
    api_version, kind, raw = open_envelope(bytes.fromhex(sent))
    type = catalog.type_for(GroupVersionKind(*GroupVersion.parse(api_version), kind))
    assert type is not None
    obj = schema.decoder(type)(decoder(type)(raw), None)
    assert seal(head(kind, api_version), encoder(type)(obj)).hex() == sent


def test_zero_values_are_written_but_no_pointers() -> None:
    assert message("io.k8s.api.core.v1.ConfigMapKeySelector", {"key": "k"}) == "0a020a0012016b"
    assert message("io.k8s.api.core.v1.ConfigMapKeySelector", {"key": "k", "optional": False}) == "0a020a0012016b1800"
    assert message("io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta", {}) == "0a0012001a00"


def test_maps_are_sorted_and_empty_bytes_are_written() -> None:
    data = {"metadata": {}, "binaryData": {"b": "", "a": "AA=="}}
    assert message("io.k8s.api.core.v1.ConfigMap", data).endswith("1a060a01611201001a050a01621200")


def test_lists_in_maps_are_messages() -> None:
    found = message("io.k8s.api.authentication.v1.UserInfo", {"extra": {"k": ["a", "b"]}})
    assert found == "0a00120022" + "0b" + "0a016b" + "12060a01610a0162"


def test_numbers_are_not_packed() -> None:
    assert message("io.k8s.api.core.v1.PodSecurityContext", {"supplementalGroups": [1, 2]}) == "20012002"


def test_the_deepest_schemas_that_can_be_stored() -> None:
    schema: dict[str, object] = {}
    for _ in range(118):
        schema = {"properties": {"a": schema}}
    assert len(message("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps", schema)) > 118 * 60


def test_a_null_in_a_list_is_an_empty_message() -> None:
    name = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps"
    assert "a20100a201030a0131" in message(name, {"enum": [None, 1]})
