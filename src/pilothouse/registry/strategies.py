"""Strategies that many kinds share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pilothouse.apimachinery import names
from pilothouse.registry.rest import Object, Strategy

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context

_KEPT_BY_STATUS = (
    "deletionTimestamp", "generation", "selfLink", "labels", "annotations", "finalizers", "ownerReferences",
)


def keep(obj: Object, old: Object, *fields: str) -> None:
    """Gives `obj` the old values of `fields`, absence included."""
    for name in fields:
        if name in old:
            obj[name] = old[name]
        else:
            obj.pop(name, None)


class WithStatus(Strategy):
    """A kind with a /status that writes nothing but the status, and metadata."""

    status_fields = ("status",)


class StatusOnly(WithStatus):
    """A kind whose /status leaves the metadata alone (upstream: metav1.ResetObjectMetaForStatus)."""

    def prepare_for_status_update(self, ctx: Context, obj: Object, old: Object) -> None:
        keep(obj["metadata"], old["metadata"], *_KEPT_BY_STATUS)


class WithGeneration(Strategy):
    generation = True


class Desired(WithStatus):
    """A kind with a spec that counts generations and a status."""

    generation = True


class DesiredStatusOnly(StatusOnly):
    generation = True


class CreatableByUpdate(Strategy):
    allow_create_on_update = True


class Conditional(Strategy):
    """Updates must say on which version they are based."""

    allow_unconditional_update = False


class ConditionalWithGeneration(Conditional):
    generation = True


def label_name_warnings(metadata: Object, where: str) -> list[str]:
    """The warning that a name, good as it is, will not do as a host name. `where` says what it is used in."""
    texts = names.is_dns_label(metadata.get("name") or "")
    if not texts:
        return []
    return [
        f"metadata.name: this is used in {where}, which can result in surprising behavior; "
        f"a DNS label is recommended: [{' '.join(texts)}]"
    ]
