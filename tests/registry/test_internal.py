"""Values as JSON of Kubernetes' internal types."""

import json

from pilothouse.registry.internal import internal, internal_diff


def test_fields_stand_in_gos_order_whether_set_or_not() -> None:
    shown = json.dumps(internal("core.SeccompProfile", {"type": "Localhost"}), separators=(",", ":"))
    assert shown == '{"Type":"Localhost","LocalhostProfile":null}'
    assert internal("*core.SeccompProfile", None) is None
    assert internal("[]core.PodIP", [{"ip": "1.1.1.1"}]) == [{"IP": "1.1.1.1"}]


def test_embedded_structs_stand_among_the_others() -> None:
    volume = internal("core.Volume", {"name": "v", "emptyDir": {}})
    assert list(volume)[:3] == ["Name", "HostPath", "EmptyDir"]
    assert volume["EmptyDir"] == {"Medium": "", "SizeLimit": None}
    template = internal("core.PodTemplateSpec", {"metadata": {"labels": {"a": "b"}}, "spec": {"hostNetwork": True}})
    assert list(template) == ["labels", "Spec"]
    assert template["Spec"]["SecurityContext"]["HostNetwork"] is True
    assert template["Spec"]["SecurityContext"]["HostUsers"] is None


def test_differences_are_shown_with_three_lines_around() -> None:
    old, new = {"type": "Localhost", "localhostProfile": "a"}, {"type": "Localhost", "localhostProfile": "<b>"}
    assert internal_diff("core.SeccompProfile", old, new) == (
        '@@ -1,4 +1,4 @@\n {\n  "Type": "Localhost",\n- "LocalhostProfile": "a"\n'
        '+ "LocalhostProfile": "\\u003cb\\u003e"\n }\n'
    )
    assert internal_diff("core.SeccompProfile", old, old) == ""
