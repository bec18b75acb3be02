"""The strategy of kinds that make pods from a template (upstream: what their strategies have in common)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pilothouse.apimachinery.field import Error
from pilothouse.registry.core.pod_features import drop_disabled_fields
from pilothouse.registry.core.pod_rules import PodRules
from pilothouse.registry.core.pod_tolerances import tolerating
from pilothouse.registry.core.pod_warnings import template_warnings
from pilothouse.registry.rest import Object, Strategy
from pilothouse.registry.rules import Errors
from pilothouse.registry.strategies import label_name_warnings

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context

_RULES = PodRules()


class Templated(Strategy):
    """Subclasses that override these methods call them too. `rules` are those of the pods."""

    #: Where the template stands.
    template_path: tuple[str, ...] = ("spec", "template")
    #: What the object's name is used in, "" if for nothing that could not bear a dot.
    name_used_in = "Pod names and hostnames"

    def __init__(self, rules: PodRules = _RULES) -> None:
        self._rules = rules
        self._base = ".".join(self.template_path) + "."

    def template(self, obj: Object) -> Object:
        """The template, or an empty one."""
        found: Any = obj
        for name in self.template_path:
            found = found.get(name) or {}
        template: Object = found
        return template

    def prepare_for_create(self, ctx: Context, obj: Object) -> None:
        drop_disabled_fields(self.template(obj).get("spec"), None, self._rules)

    def prepare_for_update(self, ctx: Context, obj: Object, old: Object) -> None:
        drop_disabled_fields(self.template(obj).get("spec"), self.template(old).get("spec"), self._rules)

    def tolerating(self, check: Callable[[PodRules], Errors], old: Object) -> list[Error]:
        """The errors of an update, without those that `old` had already."""
        return [*tolerating(check, self._rules, self.template(old))]

    def warnings_on_create(self, ctx: Context, obj: Object) -> list[str]:
        names = label_name_warnings(obj["metadata"], self.name_used_in) if self.name_used_in else []
        return names + self.template_warnings(obj)

    def warnings_on_update(self, ctx: Context, obj: Object, old: Object) -> list[str]:
        same = obj["metadata"].get("generation") == old["metadata"].get("generation")
        return [] if same else self.template_warnings(obj)

    def template_warnings(self, obj: Object) -> list[str]:
        return template_warnings(self.template(obj), self._base)
