"""The restricted level: current hardening practice (upstream: policy/check_*.go)."""

from pilothouse.admission.podsecurity.pods import (
    Finding,
    Object,
    bad_seccomp,
    containers,
    culprits,
    quoted,
    some,
    uses,
    where,
)

_VOLUMES = frozenset({
    "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected", "secret",
})


def privilege_escalation(metadata: Object, spec: Object) -> Finding | None:
    names = where(lambda c, context: context.get("allowPrivilegeEscalation") is not False, spec)
    if not names:
        return None
    detail = f"{some('container', names)} must set securityContext.allowPrivilegeEscalation=false"
    return "allowPrivilegeEscalation != false", detail


def capabilities_restricted(metadata: Object, spec: Object) -> Finding | None:
    keeping: list[str] = []
    adding: list[str] = []
    bad: set[str] = set()
    for c, context in containers(spec):
        capabilities = context.get("capabilities") or {}
        if "ALL" not in (capabilities.get("drop") or ()):
            keeping.append(c.get("name", ""))
        added = set(capabilities.get("add") or ()) - {"NET_BIND_SERVICE"}
        if added:
            adding.append(c.get("name", ""))
            bad |= added
    details: list[str] = []
    if keeping:
        details.append(f'{some("container", keeping)} must set securityContext.capabilities.drop=["ALL"]')
    if adding:
        details.append(
            f"{some('container', adding)} must not include {quoted(sorted(bad))} in securityContext.capabilities.add"
        )
    return ("unrestricted capabilities", "; ".join(details)) if details else None


def restricted_volumes(metadata: Object, spec: Object) -> Finding | None:
    names: list[str] = []
    kinds: set[str] = set()
    for volume in spec.get("volumes") or ():
        sources = [k for k, v in volume.items() if k != "name" and v is not None]
        if not _VOLUMES.intersection(sources):
            names.append(volume.get("name", ""))
            kinds.update(sources[:1] or ["unknown"])
    if not names:
        return None
    used = some("restricted volume type", sorted(kinds))
    return "restricted volume types", f"{some('volume', names)} {uses(names)} {used}"


def run_as_non_root(metadata: Object, spec: Object) -> Finding | None:
    pod = (spec.get("securityContext") or {}).get("runAsNonRoot")
    explicit = where(lambda c, context: context.get("runAsNonRoot") is False, spec)
    if pod is False or explicit:
        who = culprits(pod is False, explicit)
        return "runAsNonRoot != true", f"{who} must not set securityContext.runAsNonRoot=false"
    implicit = [] if pod else where(lambda c, context: context.get("runAsNonRoot") is None, spec)
    if not implicit:
        return None
    return "runAsNonRoot != true", f"pod or {some('container', implicit)} must set securityContext.runAsNonRoot=true"


def run_as_user(metadata: Object, spec: Object) -> Finding | None:
    who = culprits(
        (spec.get("securityContext") or {}).get("runAsUser") == 0,
        where(lambda c, context: context.get("runAsUser") == 0, spec),
    )
    return ("runAsUser=0", f"{who} must not set runAsUser=0") if who else None


def seccomp_restricted(metadata: Object, spec: Object) -> Finding | None:
    bad = bad_seccomp(spec)
    if bad is not None:
        return bad
    if (spec.get("securityContext") or {}).get("seccompProfile") is not None:
        return None
    names = where(lambda c, context: context.get("seccompProfile") is None, spec)
    if not names:
        return None
    return "seccompProfile", (
        f'pod or {some("container", names)} must set securityContext.seccompProfile.type to "RuntimeDefault" '
        'or "Localhost"'
    )
