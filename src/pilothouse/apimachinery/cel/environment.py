"""Where expressions are compiled and run: text → `Program` → value (cel-go cel/env.go, program.go).

    env = kubernetes.environment().extended(variables={"self": some_type})
    program = env.compile("self.replicas <= 5")        # raises CompileError
    program.evaluate({"self": {"replicas": 3}})        # True; raises EvaluationError or CostExceeded
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from pilothouse.apimachinery.cel import macros, validators
from pilothouse.apimachinery.cel.ast import Node
from pilothouse.apimachinery.cel.checker import Declarations, check
from pilothouse.apimachinery.cel.cost import SizeEstimator, estimate
from pilothouse.apimachinery.cel.declarations import Function, Library
from pilothouse.apimachinery.cel.libraries import optional, standard
from pilothouse.apimachinery.cel.parser import MacroTable, parse
from pilothouse.apimachinery.cel.plan import COST, DEADLINE, LIMIT
from pilothouse.apimachinery.cel.planner import Planner
from pilothouse.apimachinery.cel.sizes import Estimate
from pilothouse.apimachinery.cel.source import CompileError, Issues, Source
from pilothouse.apimachinery.cel.types import OPTIONAL_NAME, Dyn, Type, optional_of
from pilothouse.apimachinery.cel.values import CostExceeded, EvaluationError

#: What one evaluation may cost (apiserver pkg/apis/cel PerCallLimit).
PER_CALL_LIMIT: Final = 1_000_000
#: What all evaluations for one request may cost together (RuntimeCELCostBudget).
RUNTIME_BUDGET: Final = 10_000_000


class Budget:
    """What evaluations may still cost together. Below zero, it is exceeded: whoever counts on it stops then."""

    __slots__ = ("remaining",)

    def __init__(self, remaining: int = RUNTIME_BUDGET) -> None:
        self.remaining = remaining

    @property
    def exceeded(self) -> bool:
        return self.remaining < 0


class Program:
    """A compiled expression. Programs are immutable, and may be run at the same time anywhere."""

    __slots__ = ("_cost", "_frame", "_inputs", "_root", "_step", "output_type", "text")

    def __init__(self, text: str, root: Node, functions: Mapping[str, Function], optimize: bool = True) -> None:
        planner = Planner(functions, optimize)
        plan = planner.whole(root)
        self.text = text
        self.output_type: Type = root.type
        self._root = root
        self._step = plan.step
        self._cost = plan.cost
        self._inputs = tuple(planner.variables.items())
        self._frame: list[Any] = [None] * planner.slots

    @property
    def names(self) -> frozenset[str]:
        """The variables that the expression uses."""
        return frozenset(name for name, _ in self._inputs)

    @property
    def root(self) -> Node:
        """The checked tree."""
        return self._root

    def estimate(self, sizes: SizeEstimator | None = None) -> Estimate:
        """What an evaluation may cost, at least and at most; `sizes` knows how large variables can be."""
        return estimate(self._root, sizes)

    def evaluate(
        self, activation: Mapping[str, Any], budget: Budget | None = None, limit: int = PER_CALL_LIMIT
    ) -> Any:
        """The value for these variables; its cost is taken off `budget`, also when there is an error.

        A variable may be an `EvaluationError`, which is raised where it is used, or be missing, likewise.
        """
        value, cost, error = self.run(activation, limit)
        if budget is not None:
            budget.remaining -= cost
        if error is not None:
            raise error
        return value

    def run(
        self, activation: Mapping[str, Any], limit: int = PER_CALL_LIMIT, deadline: float = 0.0
    ) -> tuple[Any, int, EvaluationError | CostExceeded | None]:
        """(value, cost, None), or (None, cost, the error). Raises TooLong some time after `deadline` (perf_counter)."""
        frame = self._frame.copy()
        frame[COST] = self._cost
        frame[LIMIT] = limit
        frame[DEADLINE] = deadline
        for name, slot in self._inputs:
            try:
                frame[slot] = activation[name]
            except KeyError:
                frame[slot] = EvaluationError(f"no such attribute(s): {name}")
        try:
            value = self._step(frame)
        except (EvaluationError, CostExceeded) as err:
            error: EvaluationError | CostExceeded = err
        except RecursionError:  # of values: expressions are not that deep
            error = EvaluationError("values are nested too deeply")
        else:
            if frame[COST] <= limit:
                return value, frame[COST], None
            error = CostExceeded()
        if frame[COST] > limit and not isinstance(error, CostExceeded):
            error = CostExceeded()
        return None, frame[COST], error


class Environment:
    """Declared variables, types and functions. Immutable: `extended` gives a larger one."""

    __slots__ = ("declarations", "functions", "macros", "types", "variables")

    def __init__(
        self, variables: Mapping[str, Type] | None = None, types: Iterable[Type] = (),
        libraries: Iterable[Library] = (), macro_table: MacroTable | None = None,
    ) -> None:
        named = dict(standard.TYPES)
        named[OPTIONAL_NAME] = optional_of(Dyn)
        functions: dict[str, Function] = {}
        for library in (standard.library(), optional.library(), *libraries):
            named.update(library.types)
            for name, function in library.functions.items():
                known = functions.get(name)
                functions[name] = function if known is None else known.merged(function)
        named.update((t.name, t) for t in types)
        known_macros = {**macros.STANDARD, **macros.OPTIONAL, **(macro_table or {})}
        self._set(dict(variables or {}), named, functions, known_macros)

    def _set(
        self, variables: Mapping[str, Type], types: Mapping[str, Type], functions: Mapping[str, Function],
        macro_table: MacroTable,
    ) -> None:
        self.variables, self.types, self.functions, self.macros = variables, types, functions, macro_table
        self.declarations = Declarations(variables, functions, types)

    def extended(
        self, variables: Mapping[str, Type] | None = None, types: Iterable[Type] = (),
        libraries: Iterable[Library] = (),
    ) -> "Environment":
        """This environment with more in it; what is declared again replaces variables and types."""
        libraries, types = tuple(libraries), tuple(types)
        named, functions = dict(self.types), dict(self.functions)
        for library in libraries:
            named.update(library.types)
            for name, function in library.functions.items():
                before = functions.get(name)
                functions[name] = function if before is None else before.merged(function)
        named.update((t.name, t) for t in types)
        larger = Environment.__new__(Environment)
        known = self.types if not types and not libraries else named
        larger._set({**self.variables, **(variables or {})}, known, functions, self.macros)
        return larger

    def with_types(self, types: Mapping[str, Type]) -> "Environment":
        """This environment with these types in place of its own."""
        other = Environment.__new__(Environment)
        other._set(self.variables, types, self.functions, self.macros)
        return other

    def with_macros(self, table: MacroTable) -> "Environment":
        """This environment with more macros."""
        other = Environment.__new__(Environment)
        other._set(self.variables, self.types, self.functions, {**self.macros, **table})
        return other

    def compile(self, text: str, optimize: bool = True) -> Program:
        """Raises CompileError: syntax, types, or constants that do not convert.

        Kubernetes always optimizes: lists of constants and conversions of constants then cost nothing.
        """
        try:
            return self._compile(text, optimize)
        except RecursionError:
            raise CompileError("expression is nested too deeply") from None

    def _compile(self, text: str, optimize: bool) -> Program:
        issues = Issues(Source(text))
        root = parse(issues, self.macros)
        if not issues:
            check(root, issues, self.declarations)
        if not issues:
            validators.validate(root, issues)
        if issues:
            raise CompileError(str(issues), tuple(issues.found))
        return Program(text, root, self.functions, optimize)
