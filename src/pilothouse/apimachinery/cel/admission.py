"""Environments of admission: match conditions, validating and mutating policies (apiserver pkg/admission/plugin/cel
compile.go, composition.go; pkg/cel/mutation).

Objects are untyped here (dyn); the request and the namespace are not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from pilothouse.apimachinery.cel import kubernetes
from pilothouse.apimachinery.cel import types as t
from pilothouse.apimachinery.cel.libraries.authorizer import AUTHORIZER_TYPE, RESOURCE_CHECK_TYPE
from pilothouse.apimachinery.cel.libraries.formats import json_patch
from pilothouse.apimachinery.cel.source import CompileError
from pilothouse.apimachinery.cel.types import Field, StructType, Type
from pilothouse.apimachinery.cel.values import EvaluationError
from pilothouse.apimachinery.field import go_quote

if TYPE_CHECKING:
    from pilothouse.apimachinery.cel.environment import Budget, Environment, Program

_STRINGS: Final = t.list_of(t.String)
_TEXTS: Final = t.map_of(t.String, t.String)


def _struct(name: str, /, **fields: Type) -> StructType:
    return StructType(f"kubernetes.{name}", {key: Field(key, type) for key, type in fields.items()})


def _texts(*names: str) -> dict[str, Type]:
    return dict.fromkeys(names, t.String)


_GVK = _struct("GroupVersionKind", **_texts("group", "version", "kind"))
_GVR = _struct("GroupVersionResource", **_texts("group", "version", "resource"))
_USER = _struct(
    "UserInfo", **_texts("username", "uid"), groups=_STRINGS, extra=t.map_of(t.String, _STRINGS),
)
REQUEST_TYPE: Final = _struct(
    "AdmissionRequest", kind=_GVK, resource=_GVR, requestKind=_GVK, requestResource=_GVR, userInfo=_USER,
    dryRun=t.Bool, options=t.Dyn,
    **_texts("subResource", "requestSubResource", "name", "namespace", "operation"),
)
_METADATA = _struct(
    "NamespaceMetadata", labels=_TEXTS, annotations=_TEXTS, creationTimestamp=t.Timestamp,
    deletionTimestamp=t.Timestamp, deletionGracePeriodSeconds=t.Int, generation=t.Int, finalizers=_STRINGS,
    **_texts("name", "generateName", "namespace", "UID", "resourceVersion"),
)
_CONDITION = _struct(
    "NamespaceCondition", lastTransitionTime=t.Timestamp, **_texts("status", "type", "message", "reason"),
)
NAMESPACE_TYPE: Final = _struct(
    "Namespace", metadata=_METADATA, spec=_struct("NamespaceSpec", finalizers=_STRINGS),
    status=_struct("NamespaceStatus", conditions=t.list_of(_CONDITION), phase=t.String),
)
_NAMED_TYPES = (
    REQUEST_TYPE, NAMESPACE_TYPE, _GVK, _GVR, _USER, _METADATA, _CONDITION,
    *(NAMESPACE_TYPE.fields[name].type for name in ("spec", "status")),
)

JSON_PATCH_TYPE: Final = StructType("JSONPatch", {
    **{name: Field(name, t.String) for name in ("op", "path", "from")}, "value": Field("value", t.Dyn),
})


class _AnyField(Mapping[str, Field]):
    """The fields of an object without a schema: all that there could be."""

    def __getitem__(self, name: str) -> Field:
        return Field(name, t.Dyn)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


class _PatchTypes(dict[str, Type]):
    """Type names, among them `Object`, `Object.spec`, `Object.spec.template` and so on."""

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or (isinstance(name, str) and (name + ".").startswith("Object."))

    def __missing__(self, name: str) -> Type:
        return StructType(name, _AnyField())


OBJECT_TYPE: Final = StructType("Object", _AnyField())


@lru_cache(maxsize=8)
def environment(*, params: bool = False, authorizer: bool = False, patches: bool = False) -> Environment:
    """What expressions know: `params` of a policy, the `authorizer`, and the types of patches."""
    variables: dict[str, Type] = {
        "object": t.Dyn, "oldObject": t.Dyn, "namespaceObject": NAMESPACE_TYPE, "request": REQUEST_TYPE,
    }
    if params:
        variables["params"] = t.Dyn
    if authorizer:
        variables["authorizer"] = AUTHORIZER_TYPE
        variables["authorizer.requestResource"] = RESOURCE_CHECK_TYPE
    made = kubernetes.environment(variables, *_NAMED_TYPES)
    if not patches:
        return made
    made = made.extended(types=[JSON_PATCH_TYPE], libraries=[json_patch()])
    return made.with_types(_PatchTypes(made.types))


class Variables:
    """The composed variables of a policy: each may use those before it, as `variables.name`."""

    def __init__(self) -> None:
        self._fields: dict[str, Field] = {}
        self._type = StructType("kubernetes.variables", self._fields)

    def declare(self, name: str, program: Program | None) -> None:
        """`program` is None for a variable that does not compile: it can be anything."""
        type = t.Dyn if program is None else _plain(program.output_type)
        self._fields[name] = Field(name, type)

    def within(self, environment: Environment) -> Environment:
        return environment.extended({"variables": self._type})


class LazyVariables(dict[str, Any]):
    """The value of `variables` for one object: each is worked out when it is first used, with what is left of a
    budget, and an error in one is told where it is used."""

    def __init__(self, programs: Mapping[str, Program], activation: Mapping[str, Any], budget: Budget) -> None:
        super().__init__()
        self._programs = programs
        self._activation = {**activation, "variables": self}
        self._budget = budget

    def __missing__(self, name: str) -> Any:
        program = self._programs.get(name)
        if program is None:
            raise EvaluationError(f"no such key: {name}")
        try:
            value = program.evaluate(self._activation, self._budget)
        except EvaluationError as err:
            raise EvaluationError(f"composited variable {go_quote(name)} fails to evaluate: {err}") from None
        self[name] = value
        return value


def _plain(type: Type) -> Type:
    """What upstream keeps of the type of a variable: scalars, lists and maps of those."""
    if type.kind == t.LIST:
        return t.list_of(_plain(type.params[0]))
    if type.kind == t.MAP:
        return t.map_of(_plain(type.params[0]), _plain(type.params[1]))
    return t.Dyn if type.kind in (t.STRUCT, t.OPAQUE, t.TYPE) else type


def compile_to(environment: Environment, text: str, wanted: Iterable[Type] = ()) -> Program:
    """Compiles an expression that must give one of these types. Raises CompileError in upstream's words."""
    try:
        program = environment.compile(text)
    except CompileError as err:
        prefix = "compilation failed" if err.issues else "program instantiation failed"
        raise CompileError(f"{prefix}: {err}", err.issues) from None
    allowed = list(wanted)
    if not allowed or program.output_type in allowed:
        return program
    names = [t.runtime_text(type) for type in allowed]
    expected = names[0] if len(names) == 1 else f"one of [{' '.join(names)}]"
    raise CompileError(f"must evaluate to {expected} but got {t.runtime_text(program.output_type)}")
