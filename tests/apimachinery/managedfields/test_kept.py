from pilothouse.apimachinery.managedfields.kept import ANY, Kept


def test_only_what_is_at_below_and_above_the_paths_stays() -> None:
    kept = Kept([("spec", "containers", ANY, "resources"), ("spec", "containers", ANY, "resizePolicy")])
    container = {".": {}, "f:name": {}, "f:image": {}, "f:resources": {".": {}, "f:requests": {"f:cpu": {}}}}
    fields = {
        "f:metadata": {"f:labels": {"f:a": {}}},
        "f:spec": {"f:containers": {'k:{"name":"c"}': container}, "f:nodeName": {}},
    }
    assert kept.of(fields) == {"f:spec": {"f:containers": {
        'k:{"name":"c"}': {".": {}, "f:resources": {".": {}, "f:requests": {"f:cpu": {}}}},
    }}}


def test_a_member_above_is_kept_without_its_children() -> None:
    kept = Kept([("spec", "ephemeralContainers")])
    assert kept.of({"f:spec": {".": {}, "f:nodeName": {}}}) == {"f:spec": {}}
    assert kept.of({"f:spec": {"f:nodeName": {}}, "f:status": {}}) == {}
    assert kept.of({"f:spec": {"f:ephemeralContainers": {}}}) == {"f:spec": {"f:ephemeralContainers": {}}}
