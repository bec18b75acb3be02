"""Binding pods to nodes (upstream: pkg/registry/core/pod/storage/storage.go BindingREST)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pilothouse.apimachinery import field, meta, status
from pilothouse.apimachinery.aggregate import aggregate
from pilothouse.apimachinery.gvk import GroupResource
from pilothouse.registry.core.conditions import update_pod_condition
from pilothouse.registry.rest import Object, SubresourceCall, WriteOptions

if TYPE_CHECKING:
    from pilothouse.apimachinery.http import Context
    from pilothouse.registry.dependencies import Stores

PODS = GroupResource("", "pods")
_BINDING = GroupResource("", "pods/binding")


class Binder:
    """POST pods/binding, and the older POST bindings. `clock` gives Unix seconds."""

    def __init__(self, stores: Stores, clock: Callable[[], float]) -> None:
        self._stores = stores
        self._clock = clock

    async def __call__(self, store: Any, ctx: Context, call: SubresourceCall) -> Object:
        """Answers a Status. Raises 404, 409, and 500 for a binding that says nothing of use."""
        binding = call.body or {}
        metadata = binding.get("metadata") or {}
        if metadata.get("name", "") != call.name:
            raise status.bad_request("name in URL does not match name in Binding object")
        errors = _errors(binding)
        if errors:
            # upstream returns the errors as they are, which is no API status (BindingREST.Create): kept
            raise status.plain_internal(aggregate([str(error) for error in errors]))

        async def assign(pod: Object) -> Object:
            return self._assigned(pod, binding)

        await self._stores(PODS).update(
            ctx, call.namespace, call.name, assign, WriteOptions(dry_run=call.dry_run),
            subresource="binding", uid=metadata.get("uid") or "",
        )
        return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}

    def _assigned(self, pod: Object, binding: Object) -> Object:
        metadata, spec = pod["metadata"], pod.setdefault("spec", {})
        name = metadata["name"]
        refusal = ""
        if metadata.get("deletionTimestamp"):
            refusal = f"pod {name} is being deleted, cannot be assigned to a host"
        elif spec.get("nodeName"):
            refusal = f"pod {name} is already assigned to node {field.go_quote(spec['nodeName'])}"
        elif spec.get("schedulingGates"):
            refusal = f"pod {name} has non-empty .spec.schedulingGates"
        if refusal:
            raise status.conflict(_BINDING, name, refusal)
        spec["nodeName"] = binding["target"]["name"]
        given = binding["metadata"]
        for what in ("annotations", "labels"):
            if given.get(what):
                metadata[what] = dict(sorted({**(metadata.get(what) or {}), **given[what]}.items()))
        pod_status = pod.setdefault("status", {})
        pod_status.pop("nominatedNodeName", None)
        now = meta.format_time(self._clock())
        update_pod_condition(pod_status, {"type": "PodScheduled", "status": "True"}, now)
        return pod


def _errors(binding: Object) -> list[field.Error]:
    target = binding.get("target") or {}
    errors = []
    if target.get("kind", "") not in ("", "Node"):
        errors.append(field.not_supported("target.kind", target["kind"], ("Node", "<empty>")))
    if not target.get("name"):
        errors.append(field.required("target.name"))
    return errors
