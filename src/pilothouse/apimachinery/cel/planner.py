"""Plans a checked tree: every node becomes a closure over the frame, with its cost (cel-go interpreter/planner.go)."""

import operator
from collections.abc import Mapping
from typing import Any

from pilothouse.apimachinery.cel import access, calls, loops
from pilothouse.apimachinery.cel import types as t
from pilothouse.apimachinery.cel.ast import (
    Call,
    Comprehension,
    Ident,
    ListNode,
    Literal,
    MapNode,
    Node,
    Select,
    StructNode,
)
from pilothouse.apimachinery.cel.callcost import LIST_COST, MAP_COST, STRUCT_COST
from pilothouse.apimachinery.cel.declarations import Function
from pilothouse.apimachinery.cel.logic import conditional, conjunction, disjunction
from pilothouse.apimachinery.cel.plan import FIRST_VARIABLE, Frame, Plan, Step, charge, constant
from pilothouse.apimachinery.cel.reading import deep_reader, scalar_reader
from pilothouse.apimachinery.cel.recursion import Levels
from pilothouse.apimachinery.cel.source import CompileError
from pilothouse.apimachinery.cel.types import StructType, Type
from pilothouse.apimachinery.cel.values import EvaluationError, Optional, shown


class Planner:
    """Plans one expression. `variables` are the names that it uses, with their slots in the frame."""

    def __init__(self, functions: Mapping[str, Function], optimize: bool = True) -> None:
        self.functions = functions
        self.optimize = optimize
        self.variables: dict[str, int] = {}
        #: Loop variables, innermost last: (slot, type, whether values are raw).
        self.scopes: list[dict[str, tuple[int, Type, bool]]] = []
        self.slots = FIRST_VARIABLE
        self._levels = Levels()

    def plan(self, node: Node) -> Plan:
        """The value of a node as JSON has it: `Plan.type` says when it is still to be read."""
        if isinstance(node, Literal):
            return constant(node.value)
        if isinstance(node, Ident):
            return self._ident(node)
        return self._levels.call(self._compound, node)

    def _compound(self, node: Node) -> Plan:
        if isinstance(node, Select):
            return self._select(node)
        if isinstance(node, Call):
            return self._call(node)
        if isinstance(node, ListNode):
            return self._list(node)
        if isinstance(node, MapNode):
            return self._map(node)
        if isinstance(node, StructNode):
            return self._struct(node)
        assert isinstance(node, Comprehension)
        return loops.comprehension(self, node)

    def whole(self, node: Node) -> Plan:
        """The value of a node, read: as functions and operators take it."""
        return read(self.plan(node))

    # Names and selections

    def _ident(self, node: Ident) -> Plan:
        if node.type_value is not None:
            return constant(node.type_value)
        for scope in reversed(self.scopes):
            if node.name in scope:
                slot, declared, raw = scope[node.name]
                return Plan(operator.itemgetter(slot), 1, declared if raw else None, own=1)
        return self._variable(node.name, node.type)

    def _variable(self, name: str, declared: Type) -> Plan:
        slot = self.variables.get(name)
        if slot is None:
            slot = self.variables[name] = self.slot()
        place = slot

        def get(frame: Frame) -> Any:
            value = frame[place]
            if isinstance(value, EvaluationError):
                raise value
            return value

        reader = scalar_reader(declared)
        step: Step = get if reader is None else lambda frame: reader(get(frame))
        return Plan(step, 1, raw_type(declared), own=1)

    def _select(self, node: Select) -> Plan:
        if node.type_value is not None:
            return constant(node.type_value)
        if node.reference is not None:
            return self._variable(node.reference, node.type)
        operand = attribute(self.plan(node.operand))
        over = t.unwrap_optional(node.operand.type)
        key, declared = field_of(over[0], node.field)
        if node.test_only:
            has = operand.step
            cost = operand.inner_cost + 1 - (1 if operand.own == 0 else 0)
            is_field = over[0].kind == t.STRUCT
            return Plan(lambda frame: access.present(has(frame), key, is_field), cost, own=0)
        if over[1]:
            return self._optional_select(operand, key, declared, over[0])
        reader = scalar_reader(declared)
        step = self._fast_selection(node.operand, node.field, key) if reader is None else None
        if step is None and over[0].kind == t.STRUCT:
            step = access.field_selection(operand.step, node.field, key, reader)
        elif step is None:
            step = access.selection(operand.step, key, reader)
        return Plan(step, operand.cost + 1, raw_type(declared), own=operand.own)

    def _fast_selection(self, operand: Node, name: str, key: str) -> Step | None:
        """A selection from a variable without a step of its own for the variable."""
        if not isinstance(operand, Ident) or operand.type_value is not None or scalar_reader(operand.type):
            return None
        found = next((scope[operand.name][0] for scope in reversed(self.scopes) if operand.name in scope), None)
        slot = self.variables[operand.name] if found is None else found
        if operand.type.kind == t.STRUCT:
            return access.variable_field(slot, name, key)
        return access.variable_selection(slot, key)

    def _optional_select(self, operand: Plan, key: Any, declared: Type, over: Type) -> Plan:
        reader, inner, is_field = deep_reader(declared), operand.step, over.kind == t.STRUCT

        def select(frame: Frame) -> Optional:
            found = access.select_optional(inner(frame), key, is_field)
            if not found.present:
                return found
            charge(frame, 1)
            return found if reader is None else Optional(reader(found.value))

        return Plan(select, operand.cost, own=operand.own)

    def _index(self, node: Call, optional: bool) -> Plan:
        operand = attribute(self.plan(node.args[0]))
        over, from_optional = t.unwrap_optional(node.args[0].type)
        item = over.params[-1] if over.kind in (t.LIST, t.MAP) else t.Dyn
        key_plan = self.whole(node.args[1])
        key, value = key_plan.step, operand.step
        cost = operand.cost + key_plan.inner_cost
        if optional or from_optional:
            reader = deep_reader(item) if operand.type is not None else None

            def select(frame: Frame) -> Optional:
                found = access.select_optional(value(frame), key(frame))
                if not found.present:
                    return found
                charge(frame, 1)
                return found if reader is None else Optional(reader(found.value))

            return Plan(select, cost, own=operand.own)
        step: Step = lambda frame: access.index(value(frame), key(frame))  # noqa: E731
        return item_plan(Plan(step, cost + 1, own=operand.own), item, operand.type is not None)

    # Calls

    def _call(self, node: Call) -> Plan:
        name = node.function
        if name in ("_&&_", "_||_"):
            junction = conjunction if name == "_&&_" else disjunction
            left, right = self.whole(node.args[0]), self.whole(node.args[1])
            return junction(left, right)
        if name == "_?_:_":
            test, then, other = (self.whole(arg) for arg in node.args)
            return conditional(test, then, other)
        if name == "_[_]":
            return self._index(node, False)
        if name == "_[?_]":
            return self._index(node, True)
        if name == "_?._":
            field = node.args[1]
            assert isinstance(field, Literal)
            over, _ = t.unwrap_optional(node.args[0].type)
            key, declared = field_of(over, field.value)
            return self._optional_select(attribute(self.plan(node.args[0])), key, declared, over)
        operands = node.args if node.target is None else [node.target, *node.args]
        plans = [self.whole(operand) for operand in operands]
        if name in ("or", "orValue") and node.overloads[0].startswith("optional_or"):
            return calls.optional_or(plans[0], plans[1], name == "orValue")
        return calls.call(self.functions[name], node, [o.type for o in operands], plans, self.optimize)

    # Aggregates

    def _list(self, node: ListNode) -> Plan:
        plans = [self.whole(element) for element in node.elements]
        steps = [plan.step for plan in plans]
        optionals = node.optionals
        if not optionals:
            step: Step = lambda frame: [s(frame) for s in steps]  # noqa: E731
        else:
            step = _list_with_optionals(steps, optionals)
        return self._aggregate(step, plans, LIST_COST)

    def _map(self, node: MapNode) -> Plan:
        plans = [self.whole(part) for entry in node.entries for part in (entry.key, entry.value)]
        entries = [
            (plans[2 * i].step, plans[2 * i + 1].step, entry.optional) for i, entry in enumerate(node.entries)
        ]

        def build(frame: Frame) -> dict[Any, Any]:
            made: dict[Any, Any] = {}
            for key, value, optional in entries:
                put(made, key(frame), value(frame), optional)
            return made

        return self._aggregate(build, plans, MAP_COST)

    def _struct(self, node: StructNode) -> Plan:
        plans = [self.whole(entry.value) for entry in node.fields]
        fields = [
            (field_of(node.type, entry.key)[0], plan.step, entry.optional)
            for entry, plan in zip(node.fields, plans, strict=True)
        ]

        def build(frame: Frame) -> dict[Any, Any]:
            made: dict[Any, Any] = {}
            for key, value, optional in fields:
                put(made, key, value(frame), optional)
            return made

        return Plan(build, STRUCT_COST + sum(plan.cost for plan in plans))

    def _aggregate(self, step: Step, plans: list[Plan], cost: int) -> Plan:
        if self.optimize and all(plan.constant for plan in plans):
            try:
                return constant(step([]))
            except EvaluationError as err:
                raise CompileError(str(err)) from None
        return Plan(step, cost + sum(plan.cost for plan in plans))

    # Slots

    def slot(self) -> int:
        """A place in the frame."""
        self.slots += 1
        return self.slots - 1


def _list_with_optionals(steps: list[Step], optionals: frozenset[int]) -> Step:
    def build(frame: Frame) -> list[Any]:
        made = []
        for i, step in enumerate(steps):
            value = step(frame)
            if i in optionals:
                if not isinstance(value, Optional):
                    raise EvaluationError(
                        f"cannot initialize optional list element from non-optional value {shown(value)}"
                    )
                if not value.present:
                    continue
                value = value.value
            made.append(value)
        return made

    return build


def put(made: dict[Any, Any], key: Any, value: Any, optional: bool) -> None:
    """Sets an entry of a map or an object that is being built."""
    if optional:
        if not isinstance(value, Optional):
            raise EvaluationError(
                f"cannot initialize optional entry '{shown(key)}' from non-optional value {shown(value)}"
            )
        if not value.present:
            made.pop(key, None)
            return
        value = value.value
    try:
        made[key] = value
    except TypeError:
        raise EvaluationError(f"unsupported key type: {shown(key)}") from None


def raw_type(declared: Type) -> Type | None:
    """The declared type of a value from an object, if such values are still to be read."""
    if declared.kind in (t.LIST, t.MAP, t.STRUCT) and deep_reader(declared) is not None:
        return declared
    if declared.kind in (t.LIST, t.MAP) and scalar_reader(declared.params[-1]) is not None:
        return declared
    return None


def read(plan: Plan) -> Plan:
    """The same value, with all of it read."""
    if plan.type is None:
        return plan
    reader, step = deep_reader(plan.type), plan.step
    if reader is None:
        return Plan(step, plan.cost, own=plan.own)
    return Plan(lambda frame: reader(step(frame)), plan.cost, own=plan.own)


def attribute(plan: Plan) -> Plan:
    """A plan that selections can be added to; what is no attribute yet costs one more."""
    if plan.own is not None:
        return plan
    return Plan(plan.step, plan.cost + 1, plan.type, own=1)


def item_plan(plan: Plan, item: Type, raw: bool) -> Plan:
    """A plan that gave an item of a raw list or map: read if it is a scalar, raw if not."""
    if not raw:
        return plan
    reader, step = scalar_reader(item), plan.step
    if reader is not None:
        return Plan(lambda frame: reader(step(frame)), plan.cost, own=plan.own)
    return Plan(step, plan.cost, raw_type(item), own=plan.own)


def field_of(over: Type, name: str) -> tuple[str, Type]:
    """(the property, the declared type) of a field."""
    if isinstance(over, StructType):
        found = over.fields[name]
        return found.property, found.type
    return name, over.params[1] if over.kind == t.MAP else t.Dyn
