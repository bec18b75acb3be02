"""PodSecurity: the Pod Security Standards by namespace label
(upstream: plugin/pkg/admission/security/podsecurity, k8s.io/pod-security-admission/admission)."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pilothouse.admission.interface import CREATE, UPDATE, Attributes, Lister, Object
from pilothouse.admission.plugins.pods import PODS
from pilothouse.admission.podsecurity.checks import details, evaluate, reasons
from pilothouse.admission.podsecurity.metrics import ALLOW, AUDIT, DENY, ENFORCE, WARN, PodSecurityMetrics
from pilothouse.admission.podsecurity.policy import PREFIX, PRIVILEGED, LevelVersion, Policy, parse, strictness
from pilothouse.apimachinery import field, status
from pilothouse.apimachinery.field import go_quote
from pilothouse.apimachinery.gvk import GroupKind, GroupResource

_NAMESPACES: Final = GroupResource("", "namespaces")
#: Where a controller keeps the template of its pods.
_TEMPLATES: Final[Mapping[GroupResource, tuple[str, ...]]] = {
    GroupResource("", "replicationcontrollers"): ("spec", "template"),
    GroupResource("", "podtemplates"): ("template",),
    GroupResource("apps", "replicasets"): ("spec", "template"),
    GroupResource("apps", "deployments"): ("spec", "template"),
    GroupResource("apps", "statefulsets"): ("spec", "template"),
    GroupResource("apps", "daemonsets"): ("spec", "template"),
    GroupResource("batch", "jobs"): ("spec", "template"),
    GroupResource("batch", "cronjobs"): ("spec", "jobTemplate", "spec", "template"),
}
_IGNORED_SUBRESOURCES: Final = frozenset({
    "exec", "attach", "binding", "eviction", "log", "portforward", "proxy", "status",
})
_MAX_PODS: Final = 3000


class PodSecurity:
    def __init__(self, lister: Lister, metrics: PodSecurityMetrics | None = None) -> None:
        self._lister = lister
        self._metrics = metrics or PodSecurityMetrics()

    def handles(self, operation: str, resource: GroupResource, subresource: str) -> bool:
        if operation not in (CREATE, UPDATE):
            return False
        if resource == PODS:
            return subresource not in _IGNORED_SUBRESOURCES
        return (resource == _NAMESPACES or resource in _TEMPLATES) and not subresource

    async def validate(self, a: Attributes) -> None:
        if a.object is None:
            return
        if a.resource == _NAMESPACES:
            self._validate_namespace(a, a.object)
        elif a.resource == PODS:
            self._validate_pod(a, a.object)
        else:
            self._validate_controller(a, a.object)

    def _policy(self, a: Attributes) -> tuple[Policy, list[field.Error]]:
        namespace = self._lister.get(_NAMESPACES, "", a.namespace)
        if namespace is None:
            self._metrics.failed(a, fatal=True)
            raise status.internal_error(f"failed to lookup namespace {go_quote(a.namespace)}")
        return parse(namespace["metadata"].get("labels") or {})

    def _tell(self, a: Attributes, errors: Sequence[field.Error]) -> None:
        """Notes what is wrong with the labels of a namespace in which something is evaluated."""
        if errors:
            texts = list(dict.fromkeys(map(str, errors)))
            told = texts[0] if len(texts) == 1 else "[" + ", ".join(texts) + "]"
            _annotate(a, "error", f"Failed to parse policy: {told}")
            self._metrics.failed(a, fatal=False)

    def _validate_namespace(self, a: Attributes, namespace: Object) -> None:
        new, errors = parse(namespace["metadata"].get("labels") or {})
        before = a.old_object if a.operation == UPDATE else None
        old, old_errors = parse((before or {}).get("metadata", {}).get("labels") or {})
        if errors and errors != old_errors:
            raise status.invalid(GroupKind(a.kind.group, a.kind.kind), a.name, errors)
        if a.operation == CREATE or new.enforce == old.enforce or new.enforce.level == PRIVILEGED:
            return
        relaxed = strictness(new.enforce.level) <= strictness(old.enforce.level)
        if new.enforce.version == old.enforce.version and relaxed:
            return
        for text in self._violations(namespace["metadata"]["name"], new.enforce):
            a.context.warn(text)

    def _violations(self, namespace: str, enforce: LevelVersion) -> list[str]:
        """Warnings about pods that are there already, those with the same fault together."""
        pods = _one_of_each_controller_first(self._lister.list(PODS, namespace))
        found: dict[str, list[str]] = {}
        for pod in pods[:_MAX_PODS]:
            if findings := evaluate(enforce, pod["metadata"], pod["spec"]):
                found.setdefault(reasons(findings), []).append(pod["metadata"]["name"])
        warnings: list[str] = []
        if len(pods) > _MAX_PODS:
            warnings.append(
                f"new PodSecurity enforce level only checked against the first {_MAX_PODS} of {len(pods)} existing pods"
            )
        if found:
            warnings.append(
                f"existing pods in namespace {go_quote(namespace)} violate the new PodSecurity enforce level "
                f"{go_quote(str(enforce))}"
            )
        return warnings + sorted(f"{_and_others(names)}: {text}" for text, names in found.items())

    def _validate_pod(self, a: Attributes, pod: Object) -> None:
        policy, errors = self._policy(a)
        if policy.fully_privileged and not errors:
            _annotate(a, "enforce-policy", str(LevelVersion()))
            self._metrics.evaluated(a, policy.enforce, ENFORCE, ALLOW)
            return
        if a.operation == UPDATE and a.old_object is not None and not _is_significant(pod, a.old_object):
            return
        self._tell(a, errors)
        _annotate(a, "enforce-policy", str(policy.enforce))
        findings = evaluate(policy.enforce, pod["metadata"], pod["spec"])
        self._metrics.evaluated(a, policy.enforce, ENFORCE, DENY if findings else ALLOW)
        self._audit(a, policy, pod["metadata"], pod["spec"])
        if findings:
            text = f"violates PodSecurity {go_quote(str(policy.enforce))}: {details(findings)}"
            raise status.forbidden(a.resource, a.name, text)
        self._warn(a, policy, pod["metadata"], pod["spec"])

    def _validate_controller(self, a: Attributes, obj: Object) -> None:
        policy, errors = self._policy(a)
        template: Any = obj
        for name in _TEMPLATES[a.resource]:
            template = (template or {}).get(name)
        if template is None or (policy.warn.level == policy.audit.level == PRIVILEGED and not errors):
            return
        self._tell(a, errors)
        metadata, spec = template.get("metadata") or {}, template.get("spec") or {}
        self._audit(a, policy, metadata, spec)
        self._warn(a, policy, metadata, spec)

    def _audit(self, a: Attributes, policy: Policy, metadata: Object, spec: Object) -> None:
        if findings := evaluate(policy.audit, metadata, spec):
            text = f"would violate PodSecurity {go_quote(str(policy.audit))}: {details(findings)}"
            _annotate(a, "audit-violations", text)
            self._metrics.evaluated(a, policy.audit, AUDIT, DENY)

    def _warn(self, a: Attributes, policy: Policy, metadata: Object, spec: Object) -> None:
        if findings := evaluate(policy.warn, metadata, spec):
            a.context.warn(f"would violate PodSecurity {go_quote(str(policy.warn))}: {details(findings)}")
            self._metrics.evaluated(a, policy.warn, WARN, DENY)


def _annotate(a: Attributes, key: str, value: str) -> None:
    a.context.annotate(PREFIX + key, value)


def _is_significant(pod: Object, old: Object) -> bool:
    """Whether containers came or went, or run another image; nothing else of importance can change."""
    for group in ("containers", "initContainers"):
        new_images = [c.get("image") for c in pod["spec"].get(group) or ()]
        if new_images != [c.get("image") for c in old["spec"].get(group) or ()]:
            return True
    before = {c.get("name"): c.get("image") for c in old["spec"].get("ephemeralContainers") or ()}
    return any(
        c.get("name") not in before or before[c.get("name")] != c.get("image")
        for c in pod["spec"].get("ephemeralContainers") or ()
    )


def _one_of_each_controller_first(pods: Sequence[Object]) -> list[Object]:
    seen: set[str] = set()
    first: list[Object] = []
    rest: list[Object] = []
    for pod in pods:
        owners = pod["metadata"].get("ownerReferences") or ()
        controller = next((o.get("uid", "") for o in owners if o.get("controller")), None)
        if controller is None or controller not in seen:
            first.append(pod)
        else:
            rest.append(pod)
        if controller is not None:
            seen.add(controller)
    return first + rest


def _and_others(names: list[str]) -> str:
    first = min(names)
    match len(names):
        case 1:
            return first
        case 2:
            return f"{first} (and 1 other pod)"
    return f"{first} (and {len(names) - 1} other pods)"
