"""Whether the expressions of webhooks and policies compile, and give what they must (upstream:
pkg/apis/admissionregistration/validation)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pilothouse.apimachinery import field
from pilothouse.registry.rules import NONE, Errors, Obj

if TYPE_CHECKING:
    from pilothouse.apimachinery.cel.environment import Environment
    from pilothouse.apimachinery.cel.types import Type


class PolicyExpressions:
    """The expressions of one policy: they share its parameters and its variables."""

    def __init__(self, spec: Obj) -> None:
        from pilothouse.apimachinery.cel.admission import Variables

        self.params = spec.get("paramKind") is not None
        self._variables = Variables() if spec.get("variables") else None

    def variable(self, name: str, text: str) -> Errors:
        """A variable, which those after it and everything else may use."""
        from pilothouse.apimachinery.cel.admission import compile_to
        from pilothouse.apimachinery.cel.source import CompileError

        assert self._variables is not None
        program, errors = None, NONE
        try:
            program = compile_to(self._environment(), text)
        except CompileError as err:
            errors = (field.invalid("expression", text, str(err)),)
        self._variables.declare(name, program)
        return errors

    def validation(self, path: str, text: str) -> Errors:
        from pilothouse.apimachinery.cel.types import Bool

        return _compiled(path, text, text, self._environment(), Bool)

    def message(self, path: str, text: str) -> Errors:
        from pilothouse.apimachinery.cel.types import String

        return _compiled(path, text, text, self._environment(authorizer=False), String)

    def annotation(self, path: str, text: str) -> Errors:
        """The value of an audit annotation, which may be null."""
        from pilothouse.apimachinery.cel.types import Null, String

        return _compiled(path, text, text.strip(), self._environment(), String, Null)

    def mutation(self, kind: str, path: str, text: str) -> Errors:
        """`kind` is the patch type: an ApplyConfiguration gives an Object, a JSONPatch a list of operations."""
        from pilothouse.apimachinery.cel.admission import JSON_PATCH_TYPE, OBJECT_TYPE
        from pilothouse.apimachinery.cel.types import list_of

        wanted = OBJECT_TYPE if kind == "ApplyConfiguration" else list_of(JSON_PATCH_TYPE)
        text = text.strip()
        return _compiled(path, text, text, self._environment(patches=True), wanted)

    def _environment(self, *, authorizer: bool = True, patches: bool = False) -> Environment:
        from pilothouse.apimachinery.cel.admission import environment

        made = environment(params=self.params, authorizer=authorizer, patches=patches)
        return made if self._variables is None else self._variables.within(made)


def match_condition(path: str, text: str, *, params: bool) -> Errors:
    """A condition under which a webhook or a policy is asked."""
    from pilothouse.apimachinery.cel.admission import environment
    from pilothouse.apimachinery.cel.types import Bool

    return _compiled(path, text, text, environment(params=params, authorizer=True), Bool)


def _compiled(path: str, shown: str, text: str, environment: Environment, *wanted: Type) -> Errors:
    from pilothouse.apimachinery.cel.admission import compile_to
    from pilothouse.apimachinery.cel.source import CompileError

    try:
        compile_to(environment, text, wanted)
    except CompileError as err:
        return (field.invalid(path, shown, str(err)),)
    return NONE
