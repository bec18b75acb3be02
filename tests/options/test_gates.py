import pytest

from pilothouse.options import gates


def test_all_gates_are_known() -> None:
    known = gates.known()
    assert len(known) == 243
    assert known["APIResponseCompression"] == gates.Gate("BETA", True, False)
    assert known["ServerSideFieldValidation"].locked if "ServerSideFieldValidation" in known else True
    assert {gate.stage for gate in known.values()} == {"ALPHA", "BETA", "GA", "DEPRECATED"}
    assert set(known) >= gates.SWITCHABLE


def test_gates_are_at_their_defaults_unless_set() -> None:
    features, errors = gates.resolve({"APIResponseCompression": "false"})
    assert not errors
    assert not features.enabled("APIResponseCompression")
    assert features.enabled("WatchList") == gates.known()["WatchList"].default
    with pytest.raises(KeyError):
        features.enabled("NoSuchGate")


@pytest.mark.parametrize(("name", "value", "error"), [
    ("NoSuchGate", "true", "unrecognized feature gate: NoSuchGate"),
    ("APIResponseCompression", "", "missing bool value for APIResponseCompression"),
    ("APIResponseCompression", "x",
     'invalid value of APIResponseCompression=x, err: strconv.ParseBool: parsing "x": invalid syntax'),
    ("KMSv1", "true", "feature gate KMSv1=true is not supported by Pilothouse yet"),
    ("GitRepoVolumeDriver", "true", "cannot set feature gate GitRepoVolumeDriver to true, feature is locked to false"),
    ("CBORServingAndStorage", "true", "feature gate CBORServingAndStorage=true is not supported by Pilothouse yet"),
])
def test_what_cannot_be_set(name: str, value: str, error: str) -> None:
    assert gates.resolve({name: value})[1] == [error]


def test_setting_a_default_is_fine() -> None:
    features, errors = gates.resolve({name: str(gate.default).lower() for name, gate in gates.known().items()})
    assert not errors
    assert not features.changed
