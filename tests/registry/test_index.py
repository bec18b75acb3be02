from dataclasses import replace

from pilothouse.registry.index import index_for
from tests.registry.support import config_maps


def test_index() -> None:
    obj = {"metadata": {"name": "a", "namespace": "ns", "labels": {"x": "y"}}, "type": "t"}
    assert index_for(config_maps())(obj) == ({"x": "y"}, {"metadata.name": "a", "metadata.namespace": "ns"})
    selectable = config_maps(selectable=lambda o: {"type": o["type"]})
    assert index_for(selectable)(obj)[1] == {"metadata.name": "a", "metadata.namespace": "ns", "type": "t"}


def test_cluster_scoped_objects_have_no_namespace_to_select() -> None:
    labels, fields = index_for(replace(config_maps(), namespaced=False))({"metadata": {"name": "a"}})
    assert (dict(labels), dict(fields)) == ({}, {"metadata.name": "a"})
