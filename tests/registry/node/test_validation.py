from pilothouse.registry.node.validation import (
    runtime_class_warnings,
    validate_runtime_class,
    validate_runtime_class_update,
)
from tests.registry.checks import begins


def test_runtime_classes() -> None:
    begins(validate_runtime_class({"handler": "h", "overhead": {"podFixed": {"cpu": "1"}}}), [])
    begins(validate_runtime_class({}), ["handler: Required value"])
    toleration = {"key": "a", "operator": "Exists"}
    begins(validate_runtime_class({
        "handler": "A", "overhead": {"podFixed": {"odd": "1"}},
        "scheduling": {"nodeSelector": {"a": "b c"}, "tolerations": [toleration, toleration]},
    }), [
        'handler: Invalid value: "A"',
        'overhead.limits[odd]: Invalid value: "odd": must be a standard resource type or fully qualified',
        'overhead.limits[odd]: Invalid value: "odd": must be a standard resource for containers',
        'scheduling.nodeSelector: Invalid value: "b c"',
        'scheduling.tolerations[1]: Duplicate value: {"Key":"a","Operator":"Exists","Value":"","Effect":"",',
    ])
    begins(validate_runtime_class_update({"handler": "a"}, {"handler": "b"}), [
        'handler: Invalid value: "a": field is immutable'
    ])
    begins(validate_runtime_class_update({}, {"handler": "b"})[-1:], ['handler: Invalid value: "": field is immutable'])


def test_old_labels_are_warned_about() -> None:
    scheduling = {"nodeSelector": {"beta.kubernetes.io/os": "linux"}}
    assert runtime_class_warnings({"scheduling": scheduling}) == [
        'scheduling.nodeSelector: deprecated since v1.14; use "kubernetes.io/os" instead'
    ]
