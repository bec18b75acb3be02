"""Device selectors (dynamic-resource-allocation pkg cel/compile.go): expressions about one `device` of a driver."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from pilothouse.apimachinery.cel import kubernetes, macros
from pilothouse.apimachinery.cel import types as t
from pilothouse.apimachinery.cel.libraries.quantities import QUANTITY_TYPE
from pilothouse.apimachinery.cel.sizes import Estimate
from pilothouse.apimachinery.cel.source import CompileError
from pilothouse.apimachinery.cel.types import Field, StructType, Type

if TYPE_CHECKING:
    from pilothouse.apimachinery.cel.cost import Path
    from pilothouse.apimachinery.cel.environment import Environment, Program

#: What one selector may cost.
MAX_COST: Final = 1_000_000
_DOMAIN_SIZE = _DRIVER_SIZE = 63
_ID_SIZE = 32
_VALUE_SIZE = 64
_MOST_ENTRIES = 32

#: A value of an attribute: nothing is known about it but its size.
_ANY: Final = Type(t.DYN, "any", max_elements=_VALUE_SIZE)


def _by_domain(value: Type) -> Type:
    domain, id = Type(t.STRING, max_elements=_DOMAIN_SIZE), Type(t.STRING, max_elements=_ID_SIZE)
    return t.map_of(domain, t.map_of(id, value, _MOST_ENTRIES), _MOST_ENTRIES)


DEVICE_TYPE: Final = StructType("kubernetes.DRADevice", {
    "driver": Field("driver", Type(t.STRING, max_elements=_DRIVER_SIZE)),
    "attributes": Field("attributes", _by_domain(_ANY)),
    "capacity": Field("capacity", _by_domain(QUANTITY_TYPE)),
    "allowMultipleAllocations": Field("allowMultipleAllocations", Type(t.BOOL, max_elements=1)),
}, 0)


@lru_cache(maxsize=1)
def environment() -> Environment:
    made = kubernetes.environment({"device": DEVICE_TYPE}, DEVICE_TYPE)
    return made.with_macros(macros.BINDINGS)


@lru_cache(maxsize=256)
def compile_selector(text: str) -> Program:
    """Raises CompileError in upstream's words."""
    try:
        program = environment().compile(text)
    except CompileError as err:
        prefix = "compilation failed" if err.issues else "program instantiation failed"
        raise CompileError(f"{prefix}: {err}", err.issues) from None
    given = program.output_type
    if given.kind != t.BOOL and given != _ANY:
        raise CompileError(f"must evaluate to bool or the unknown type, not {t.runtime_text(given)}")
    return program


def is_too_complex(program: Program) -> bool:
    return program.estimate(_size).max > MAX_COST


def _size(path: Path, declared: Type) -> Estimate | None:
    """How large values can be: selected attributes are as large as any."""
    if not path or path[0] != "device":
        return None
    at: Type = DEVICE_TYPE
    for step in path[1:]:
        if step in ("@items", "@values"):
            if at.kind != t.MAP:
                return None
            at = at.params[1]
        elif step == "@keys":
            if at.kind != t.MAP:
                return None
            at = at.params[0]
        else:
            found = t.field_type(at, step)
            if found is not None:
                at = found.type
            elif at.kind == t.MAP and at.params[1] is _ANY:
                at = _ANY
            else:
                return None
    return Estimate(0, at.max_elements or 0)
