"""The rules of certificate signing requests (upstream: pkg/registry/certificates/certificates/strategy.go)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pilothouse.apimachinery import field, meta, names
from pilothouse.registry.certificates.validation import validate_signing_request, validate_signing_request_update
from pilothouse.registry.rest import Object, Strategy
from pilothouse.registry.strategies import keep

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context

Clock = Callable[[], float]


def selectable(request: Mapping[str, Any]) -> dict[str, str]:
    return {"spec.signerName": (request.get("spec") or {}).get("signerName") or ""}


class ApprovalStrategy(Strategy):
    """/approval writes the conditions."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def prepare_for_update(self, ctx: Context, obj: Object, old: Object) -> None:
        conditions = (obj.get("status") or {}).get("conditions")
        _fill_times(conditions, old, self._clock)
        keep(obj, old, "spec")
        status = dict(old.get("status") or {})
        if conditions:
            status["conditions"] = conditions
        else:
            status.pop("conditions", None)
        obj["status"] = status

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return validate_signing_request_update(obj, old, decides=True, signs=False)


class SigningRequestStrategy(Strategy):
    """Who asks is written down by the server; spec and status never change by a plain update."""

    validate_name = staticmethod(names.is_path_segment)
    status_fields = ("status",)

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.subresource_strategies = {"approval": ApprovalStrategy(clock)}

    def prepare_for_create(self, ctx: Context, obj: Object) -> None:
        spec = obj.setdefault("spec", {})
        for name in ("username", "uid", "groups", "extra"):
            spec.pop(name, None)
        spec.update(ctx.user.info())

    def prepare_for_update(self, ctx: Context, obj: Object, old: Object) -> None:
        keep(obj, old, "spec")

    def prepare_for_status_update(self, ctx: Context, obj: Object, old: Object) -> None:
        conditions = (obj.get("status") or {}).get("conditions")
        if conditions:
            for kind in ("Approved", "Denied"):
                _keep_conditions(conditions, (old.get("status") or {}).get("conditions") or [], kind)
        _fill_times(conditions, old, self._clock)

    def validate(self, ctx: Context, obj: Object) -> list[field.Error]:
        return validate_signing_request(obj)

    def validate_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return validate_signing_request_update(obj, old, decides=False, signs=False)

    def validate_status_update(self, ctx: Context, obj: Object, old: Object) -> list[field.Error]:
        return validate_signing_request_update(obj, old, decides=False, signs=True)


def _keep_conditions(conditions: list[Object], old: list[Object], kind: str) -> None:
    """/status cannot change an approval or a denial; whether it adds or drops one is validated."""
    places = [i for i, condition in enumerate(conditions) if condition.get("type") == kind]
    before = [condition for condition in old if condition.get("type") == kind]
    if len(places) == len(before):
        for i, condition in zip(places, before, strict=True):
            conditions[i] = condition


def _fill_times(conditions: list[Object] | None, old: Object, clock: Clock) -> None:
    now = meta.format_time(clock())
    times: dict[tuple[str | None, str | None], str] = {}
    for before in (old.get("status") or {}).get("conditions") or ():
        if before.get("lastTransitionTime"):
            times.setdefault((before.get("type"), before.get("status")), before["lastTransitionTime"])
    for condition in conditions or ():
        if not condition.get("lastUpdateTime"):
            condition["lastUpdateTime"] = now
        if not condition.get("lastTransitionTime"):
            condition["lastTransitionTime"] = times.get((condition.get("type"), condition.get("status")), now)
