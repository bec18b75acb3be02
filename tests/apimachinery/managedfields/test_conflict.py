from pilothouse.apimachinery.managedfields.conflict import conflict_error
from pilothouse.apimachinery.managedfields.updater import Conflicts, Manager

REPLICAS = ("f:spec", "f:replicas")
IMAGE = ("f:spec", "f:containers", 'k:{"name":"c"}', "f:image")


def test_one_conflict() -> None:
    manager = Manager("kubectl-client-side-apply", "Update", "v1", "")
    assert conflict_error(Conflicts([(manager, REPLICAS)])).status() == {
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": 'Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using v1: .spec.replicas',
        "reason": "Conflict",
        "details": {"causes": [{
            "reason": "FieldManagerConflict",
            "message": 'conflict with "kubectl-client-side-apply" using v1',
            "field": ".spec.replicas",
        }]},
        "code": 409,
    }


def test_several_conflicts() -> None:
    scaler = Manager("scaler", "Update", "apps/v1", "scale")
    applier = Manager("a", "Apply", "", "")
    error = conflict_error(Conflicts([(scaler, REPLICAS), (applier, IMAGE), (applier, REPLICAS)]))
    assert error.message == (
        "Apply failed with 3 conflicts: "
        'conflicts with "a":\n- .spec.containers[name="c"].image\n- .spec.replicas\n'
        'conflicts with "scaler" with subresource "scale" using apps/v1:\n- .spec.replicas'
    )
    assert error.details is not None
    assert [cause["field"] for cause in error.details["causes"]] == [
        '.spec.containers[name="c"].image', ".spec.replicas", ".spec.replicas",
    ]
