"""Gives every node of a tree its type, and every call its overloads (cel-go checker/checker.go, checker/errors.go).

The checker writes into the nodes: `type`, `reference`, `overloads`. Names are not in a container, as nowhere in
Kubernetes.
"""

from collections.abc import Mapping

from pilothouse.apimachinery.cel import types as t
from pilothouse.apimachinery.cel.ast import (
    Call,
    Comprehension,
    Entry,
    Ident,
    ListNode,
    Literal,
    MapNode,
    Node,
    Select,
    StructNode,
    qualified_name,
    walk,
)
from pilothouse.apimachinery.cel.declarations import Function
from pilothouse.apimachinery.cel.recursion import Levels
from pilothouse.apimachinery.cel.source import NOWHERE, Issues
from pilothouse.apimachinery.cel.types import Substitutions, Type, unwrap_optional
from pilothouse.apimachinery.cel.values import type_of


class Declarations:
    """What expressions may name: variables, functions, and types (as values, and to construct)."""

    __slots__ = ("functions", "types", "variables")

    def __init__(
        self, variables: Mapping[str, Type], functions: Mapping[str, Function], types: Mapping[str, Type]
    ) -> None:
        self.variables = variables
        self.functions = functions
        self.types = types


def check(root: Node, issues: Issues, declarations: Declarations) -> None:
    """Annotates the tree; what is wrong goes to `issues`."""
    checker = _Checker(issues, declarations)
    checker.check(root)
    for node in walk(root):
        node.type = checker.known.apply(node.type, free_as_dyn=True)


class _Checker:
    def __init__(self, issues: Issues, declarations: Declarations) -> None:
        self.issues = issues
        self.declared = declarations
        self.known = Substitutions()
        self.scopes: list[dict[str, Type]] = []
        self._fresh = 0
        self._levels = Levels()

    def fail(self, node: Node | Entry, message: str) -> None:
        location = NOWHERE if node.offset < 0 else self.issues.source.location(node.offset)
        self.issues.report(location, message)

    def mismatch(self, node: Node, expected: Type, actual: Type) -> None:
        self.fail(node, f"expected type '{expected}' but found '{actual}'")

    def undeclared(self, node: Node, name: str) -> None:
        self.fail(node, f"undeclared reference to '{name}' (in container '')")

    def new_variable(self) -> Type:
        self._fresh += 1
        return t.param(f"_var{self._fresh - 1}")

    def assignable(self, to: Type, given: Type) -> bool:
        return self.known.assignable([to], [given])

    def check(self, node: Node) -> None:
        if isinstance(node, Literal):
            node.type = type_of(node.value)
        elif isinstance(node, Ident):
            self._ident(node)
        else:
            self._levels.call(self._compound, node)

    def _compound(self, node: Node) -> None:
        if isinstance(node, Select):
            self._select(node)
        elif isinstance(node, Call):
            self._call(node)
        elif isinstance(node, ListNode):
            self._list(node)
        elif isinstance(node, MapNode):
            self._map(node)
        elif isinstance(node, StructNode):
            self._struct(node)
        elif isinstance(node, Comprehension):
            self._comprehension(node)

    # Names

    def _lookup(self, name: str) -> tuple[Type, bool] | None:
        """(type, whether the name is that of a type), or None."""
        name = name.removeprefix(".")
        for scope in reversed(self.scopes):
            if name in scope:
                return scope[name], False
        if name in self.declared.variables:
            return self.declared.variables[name], False
        if name in self.declared.types:
            return t.type_of(self.declared.types[name]), True
        return None

    def _ident(self, node: Ident) -> None:
        found = self._lookup(node.name)
        if found is None:
            self.undeclared(node, node.name)
            return
        node.type = found[0]
        node.name = node.name.removeprefix(".")
        node.reference = node.name
        if found[1]:
            node.type_value = found[0].params[0]

    def _select(self, node: Select) -> None:
        name = qualified_name(node)
        if name is not None and (found := self._lookup(name)) is not None:
            node.type = found[0]
            node.reference = name.removeprefix(".")
            if found[1]:
                node.type_value = found[0].params[0]
            return
        result = self._field(node, node.operand, node.field, False)
        node.type = t.Bool if node.test_only else self.known.apply(result)

    def _field(self, node: Node, operand: Node, field: str, optional: bool) -> Type:
        self.check(operand)
        target, is_optional = unwrap_optional(self.known.apply(operand.type))
        result = t.Error
        if target.kind == t.MAP:
            result = target.params[1]
        elif target.kind == t.STRUCT:
            found = t.field_type(target, field)
            if found is None:
                self.fail(node, f"undefined field '{field}'")
            else:
                result = found.type
        elif target.kind == t.PARAM:
            self.assignable(t.Dyn, target)
            result = t.Dyn
        else:
            if target.kind not in (t.DYN, t.ERROR):
                self.fail(node, f"type '{target}' does not support field selection")
            result = t.Dyn
        return t.optional_of(result) if is_optional or optional else result

    # Calls

    def _call(self, node: Call) -> None:
        if node.function == "_?._":
            field = node.args[1]
            assert isinstance(field, Literal)
            self.check(field)
            node.type = self.known.apply(self._field(node, node.args[0], field.value, True))
            node.overloads = ["select_optional_field"]
            return
        for arg in node.args:
            self.check(arg)
        if node.target is None:
            function = self.declared.functions.get(node.function.removeprefix("."))
            if function is None:
                self.undeclared(node, node.function)
                return
            node.function = function.name
            self._resolve(node, function)
            return
        prefix = qualified_name(node.target)
        if prefix is not None:
            function = self.declared.functions.get(f"{prefix}.{node.function}".removeprefix("."))
            if function is not None:
                node.function, node.target = function.name, None
                self._resolve(node, function)
                return
        self.check(node.target)
        function = self.declared.functions.get(node.function)
        if function is None:
            self.undeclared(node, node.function)
            return
        self._resolve(node, function)

    def _resolve(self, node: Call, function: Function) -> None:
        member = node.target is not None
        operands = node.args if node.target is None else [node.target, *node.args]
        given = [operand.type for operand in operands]
        if function.name in ("_&&_", "_||_"):
            self._logical(node, function, given)
            return
        result: Type | None = None
        for overload in function.overloads:
            if overload.member != member:
                continue
            args, declared = list(overload.args), overload.result
            if overload.params:
                fresh = Substitutions({name: self.new_variable() for name in sorted(overload.params)})
                args = [fresh.apply(a) for a in args]
                declared = fresh.apply(declared)
            if not self.known.assignable(given, args):
                continue
            node.overloads.append(overload.id)
            declared = self.known.apply(declared)
            if result is None:
                result = declared
            elif result.kind != t.DYN and declared != result:
                result = t.Dyn
        if result is None:
            shown = t.signature([self.known.apply(g, free_as_dyn=True) for g in given], member)
            self.fail(node, f"found no matching overload for '{function.name}' applied to '{shown}'")
            return
        node.type = result

    def _logical(self, node: Call, function: Function, given: list[Type]) -> None:
        failed = False
        for arg, actual in zip(node.args, given, strict=True):
            if not self.assignable(actual, t.Bool):
                self.mismatch(arg, t.Bool, actual)
                failed = True
        if not failed:
            node.type = t.Bool
            node.overloads = [function.overloads[0].id]

    # Aggregates

    def _unwrapped(self, node: Node, optional: bool) -> Type:
        """The type of an element or a value; that of what it holds when it is marked `?`."""
        if not optional:
            return node.type
        inner, is_optional = unwrap_optional(node.type)
        if not is_optional and inner.kind != t.DYN:
            self.mismatch(node, t.optional_of(inner), inner)
        return inner

    def _joined(self, before: Type | None, current: Type) -> Type:
        """The type of elements of both types. Mixed literals are found later, by the validators."""
        if before is None:
            return current
        return t.most_general(before, current) if self.assignable(before, current) else t.Dyn

    def _list(self, node: ListNode) -> None:
        item: Type | None = None
        for i, element in enumerate(node.elements):
            self.check(element)
            item = self._joined(item, self._unwrapped(element, i in node.optionals))
        node.type = t.list_of(self.new_variable() if item is None else item)

    def _map(self, node: MapNode) -> None:
        key: Type | None = None
        value: Type | None = None
        for entry in node.entries:
            self.check(entry.key)
            key = self._joined(key, entry.key.type)
            self.check(entry.value)
            value = self._joined(value, self._unwrapped(entry.value, entry.optional))
        if key is None or value is None:
            key, value = self.new_variable(), self.new_variable()
        node.type = t.map_of(key, value)

    def _struct(self, node: StructNode) -> None:
        found = self._lookup(node.name)
        if found is None:
            self.undeclared(node, node.name)
            return
        shown, is_type = found
        if not is_type:
            self.fail(node, f"'{shown.name}' is not a type")
        elif shown.params[0].kind != t.STRUCT:
            self.fail(node, f"'{shown.params[0].name}' is not a message type")
        else:
            node.type = shown.params[0]
        node.name = node.name.removeprefix(".")
        for entry in node.fields:
            self.check(entry.value)
            declared = t.field_type(node.type, entry.key)
            if declared is None:
                self.fail(entry, f"undefined field '{entry.key}'" if node.type.kind == t.STRUCT
                          else f"unexpected failed resolution of '{node.name}'")
                continue
            actual = self._unwrapped(entry.value, entry.optional)
            if not self.assignable(declared.type, actual):
                self.fail(
                    entry,
                    f"expected type of field '{entry.key}' is '{declared.type}' but provided type is '{actual}'",
                )

    # Loops

    def _comprehension(self, node: Comprehension) -> None:
        self.check(node.range)
        self.check(node.init)
        over = self.known.apply(node.range.type)
        accumulated = node.init.type
        first, second = self._loop_variables(node, over)
        self.scopes.append({node.accumulator: accumulated})
        variables = {node.variable: first}
        if node.variable2:
            variables[node.variable2] = second
        self.scopes.append(variables)
        for part, expected in ((node.condition, t.Bool), (node.step, accumulated)):
            self.check(part)
            if not self.assignable(expected, part.type):
                self.mismatch(part, expected, part.type)
        self.scopes.pop()
        self.check(node.result)
        self.scopes.pop()
        node.type = self.known.apply(node.result.type)

    def _loop_variables(self, node: Comprehension, over: Type) -> tuple[Type, Type]:
        if over.kind == t.LIST:
            return (t.Int, over.params[0]) if node.variable2 else (over.params[0], t.Dyn)
        if over.kind == t.MAP:
            return over.params[0], over.params[1]
        if over.kind in (t.DYN, t.ERROR, t.PARAM) and over.name != "any":
            self.assignable(t.Dyn, over)
            return t.Dyn, t.Dyn
        self.fail(
            node.range,
            f"expression of type '{over}' cannot be range of a comprehension (must be list, map, or dynamic)",
        )
        return t.Error, t.Error
