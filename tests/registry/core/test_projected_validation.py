"""Volumes made of keys of other objects."""

import pytest

from pilothouse.registry.core.pod_rules import PodRules
from pilothouse.registry.core.projected_validation import validate_projected
from tests.registry.core.checks import POD_RULES, Object, texts


@pytest.mark.parametrize(
    ("sources", "wanted"),
    [
        ([], []),
        ([{}], []),
        ([{"secret": {"name": "s", "items": [{"key": "k", "path": "a"}]}}, {"configMap": {}}],
         ["sources[1].configMap.name: Required value"]),
        ([{"secret": {"name": "s", "items": [{"key": "k", "path": "a"}]}},
          {"configMap": {"name": "c", "items": [{"key": "k", "path": "a"}]}}],
         [': Invalid value: "c": conflicting duplicate paths']),
        ([{"serviceAccountToken": {"path": "/t", "expirationSeconds": 2**33}}], [
            "sources[0].serviceAccountToken.expirationSeconds: Invalid value: 8589934592: may not specify a duration "
            "larger than 2^32 seconds",
            'path: Invalid value: "/t": must be a relative path',
        ]),
        ([{"secret": {"name": "s"}, "configMap": {"name": "c"}}],
         ["sources[0]: Forbidden: may not specify more than 1 volume type per source"]),
        ([{"downwardAPI": {"items": [{"path": "a"}]}}],
         ["sources[0].downwardAPI: Required value: one of fieldRef and resourceFieldRef is required"]),
    ],
)
def test_sources(sources: list[Object], wanted: list[str]) -> None:
    assert texts(validate_projected({"sources": sources}, POD_RULES)) == wanted


def test_stored_pods_keep_their_paths() -> None:
    source = {"sources": [{"serviceAccountToken": {"path": "/t", "expirationSeconds": 3600}}]}
    assert validate_projected(source, POD_RULES)
    assert not validate_projected(source, PodRules(non_local_token_path=True))
