"""The baseline level: no known ways of raising privileges (upstream: policy/check_*.go)."""


from pilothouse.admission.podsecurity.pods import (
    PROFILES,
    CheckPod,
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
from pilothouse.apimachinery.field import go_quote

_CAPABILITIES = frozenset({
    "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP",
    "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
})
SYSCTLS = (
    "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range",
    "net.ipv4.ip_unprivileged_port_start",
)
SYSCTLS_27 = (*SYSCTLS, "net.ipv4.ip_local_reserved_ports")
SYSCTLS_29 = (
    *SYSCTLS_27, "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
)
SYSCTLS_32 = (*SYSCTLS_29, "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem")
SELINUX = ("", "container_t", "container_init_t", "container_kvm_t")
_APPARMOR_PREFIX = "container.apparmor.security.beta.kubernetes.io/"
_SECCOMP_POD = "seccomp.security.alpha.kubernetes.io/pod"
_SECCOMP_CONTAINER = "container.seccomp.security.alpha.kubernetes.io/"


def apparmor(metadata: Object, spec: Object) -> Finding | None:
    def bad(context: Object) -> str | None:
        profile = context.get("appArmorProfile")
        kind = profile.get("type", "") if profile is not None else "RuntimeDefault"
        return None if kind in PROFILES else kind

    pod = bad(spec.get("securityContext") or {})
    found = [(c.get("name", ""), kind) for c, context in containers(spec) if (kind := bad(context)) is not None]
    values = sorted({kind for _, kind in found} | ({pod} if pod is not None else set()))
    annotations = sorted(
        f"{k}={go_quote(v)}" for k, v in (metadata.get("annotations") or {}).items()
        if k.startswith(_APPARMOR_PREFIX) and v not in ("", "runtime/default") and not v.startswith("localhost/")
    )
    who = culprits(pod is not None, [name for name, _ in found])
    if annotations:
        noun = "annotation" if len(annotations) == 1 else "annotations"
        who = f"{who} and {noun}" if who else noun
    if not who:
        return None
    values += annotations
    reason = "forbidden AppArmor profile" + ("" if len(values) == 1 else "s")
    return reason, f"{who} must not set AppArmor profile type to {quoted(values)}"


def capabilities_baseline(metadata: Object, spec: Object) -> Finding | None:
    added = [
        (c.get("name", ""), set((context.get("capabilities") or {}).get("add") or ()) - _CAPABILITIES)
        for c, context in containers(spec)
    ]
    names = [name for name, bad in added if bad]
    if not names:
        return None
    bad = sorted(set().union(*(b for _, b in added)))
    detail = f"{some('container', names)} must not include {quoted(bad)} in securityContext.capabilities.add"
    return "non-default capabilities", detail


def host_namespaces(metadata: Object, spec: Object) -> Finding | None:
    used = [f"{name}=true" for name in ("hostNetwork", "hostPID", "hostIPC") if spec.get(name)]
    return ("host namespaces", ", ".join(used)) if used else None


def host_path_volumes(metadata: Object, spec: Object) -> Finding | None:
    names = [v.get("name", "") for v in spec.get("volumes") or () if v.get("hostPath") is not None]
    return ("hostPath volumes", some("volume", names)) if names else None


def host_ports(metadata: Object, spec: Object) -> Finding | None:
    found = [
        (c.get("name", ""), [str(p["hostPort"]) for p in c.get("ports") or () if p.get("hostPort")])
        for c, _ in containers(spec)
    ]
    names = [name for name, ports in found if ports]
    if not names:
        return None
    ports = sorted({p for _, some in found for p in some})
    noun = "hostPort" if len(ports) == 1 else "hostPorts"
    return "hostPort", f"{some('container', names)} {uses(names)} {noun} {', '.join(ports)}"


def host_probes(metadata: Object, spec: Object) -> Finding | None:
    names: set[str] = set()
    hosts: set[str] = set()
    for c, _ in containers(spec):
        lifecycle = c.get("lifecycle") or {}
        handlers = [c.get(p) for p in ("livenessProbe", "readinessProbe", "startupProbe")]
        handlers += [lifecycle.get("postStart"), lifecycle.get("preStop")]
        found = {
            host for h in handlers if h for action in ("httpGet", "tcpSocket")
            if (host := (h.get(action) or {}).get("host"))
        }
        if found:
            names.add(c.get("name", ""))
            hosts |= found
    if not names:
        return None
    who = sorted(names)
    return "probe or lifecycle host", (
        f"{some('container', who)} {uses(who)} {some('probe or lifecycle host', sorted(hosts))}"
    )


def privileged(metadata: Object, spec: Object) -> Finding | None:
    names = where(lambda c, context: bool(context.get("privileged")), spec)
    if not names:
        return None
    return "privileged", f"{some('container', names)} must not set securityContext.privileged=true"


def proc_mount(metadata: Object, spec: Object) -> Finding | None:
    found = [
        (c.get("name", ""), context["procMount"]) for c, context in containers(spec)
        if context.get("procMount") not in (None, "Default")
    ]
    if not found:
        return None
    kinds = sorted({kind for _, kind in found})
    names = [name for name, _ in found]
    return "procMount", f"{some('container', names)} must not set securityContext.procMount to {quoted(kinds)}"


def selinux(*allowed: str) -> CheckPod:
    def check(metadata: Object, spec: Object) -> Finding | None:
        bad: list[Object] = []

        def is_bad(context: Object) -> bool:
            options = context.get("seLinuxOptions") or {}
            if options.get("type", "") in allowed and not options.get("user") and not options.get("role"):
                return False
            bad.append(options)
            return True

        pod = is_bad(spec.get("securityContext") or {})
        names = where(lambda c, context: is_bad(context), spec)
        if not bad:
            return None
        kinds = sorted({o["type"] for o in bad if o.get("type", "") not in allowed})
        data = [some("type", kinds)] if kinds else []
        data += [f"{what} may not be set" for what in ("user", "role") if any(o.get(what) for o in bad)]
        return "seLinuxOptions", (
            f"{culprits(pod, names)} set forbidden securityContext.seLinuxOptions: {'; '.join(data)}"
        )

    return check


def seccomp_annotations(metadata: Object, spec: Object) -> Finding | None:
    annotations = metadata.get("annotations") or {}
    keys = {_SECCOMP_POD, *(_SECCOMP_CONTAINER + c.get("name", "") for c, _ in containers(spec))}
    bad = sorted(
        f"{k}={go_quote(annotations[k])}" for k in keys if k in annotations
        and annotations[k] not in ("runtime/default", "docker/default") and not annotations[k].startswith("localhost/")
    )
    noun = "annotation" if len(bad) == 1 else "annotations"
    return ("seccompProfile", f"forbidden {noun} {', '.join(bad)}") if bad else None


def seccomp_baseline(metadata: Object, spec: Object) -> Finding | None:
    return bad_seccomp(spec)


def sysctls(*allowed: str) -> CheckPod:
    def check(metadata: Object, spec: Object) -> Finding | None:
        given = (spec.get("securityContext") or {}).get("sysctls") or ()
        bad = [s.get("name", "") for s in given if s.get("name", "") not in allowed]
        return ("forbidden sysctls", ", ".join(bad)) if bad else None

    return check


def windows_host_process(metadata: Object, spec: Object) -> Finding | None:
    def is_bad(context: Object) -> bool:
        return bool((context.get("windowsOptions") or {}).get("hostProcess"))

    who = culprits(is_bad(spec.get("securityContext") or {}), where(lambda c, context: is_bad(context), spec))
    if not who:
        return None
    return "hostProcess", f"{who} must not set securityContext.windowsOptions.hostProcess=true"
