"""Hypothesis strategies: JSON values and structural schemas over few names, so that they meet."""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

#: No time limits: the machine may be busy.
UNHURRIED = settings(deadline=None)

NAMES = st.sampled_from(["a", "b", "c", "metadata", "kind", "apiVersion"])
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-2**65, 2**65), st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["", "x", "2026-01-02T03:04:05Z"]),
)
JSON = st.recursive(
    SCALARS, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=4)),
    max_leaves=20,
)
OBJECTS = st.dictionaries(NAMES, JSON, max_size=5)


@st.composite
def _node(draw: st.DrawFn, inner: st.SearchStrategy[dict[str, Any]]) -> dict[str, Any]:
    kind = draw(st.sampled_from(["object", "map", "open", "array", "string"]))
    schema: dict[str, Any] = {"type": {"map": "object", "open": "object"}.get(kind, kind)}
    if kind == "object":
        schema["properties"] = draw(st.dictionaries(NAMES, inner, max_size=3))
    elif kind == "map":
        schema["additionalProperties"] = draw(st.one_of(st.booleans(), inner))
    elif kind == "open":
        schema["x-kubernetes-preserve-unknown-fields"] = True
        schema["x-kubernetes-embedded-resource"] = draw(st.booleans())
        schema["properties"] = draw(st.dictionaries(NAMES, inner, max_size=2))
    elif kind == "array":
        schema["items"] = draw(inner)
        if (list_type := draw(st.sampled_from(["", "set", "map"]))):
            schema["x-kubernetes-list-type"] = list_type
            if list_type == "map":
                schema["x-kubernetes-list-map-keys"] = draw(st.lists(NAMES, min_size=1, max_size=2, unique=True))
    if draw(st.booleans()):
        schema["nullable"] = True
    if draw(st.booleans()):
        schema["default"] = draw(JSON)
    return schema


SCHEMAS = st.recursive(_node(st.just({"type": "string"})), _node, max_leaves=8)
