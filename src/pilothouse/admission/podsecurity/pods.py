"""What the checks read of a pod, and how they word what they find."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

Object = Mapping[str, Any]
#: (reason, detail) of what a check forbids.
Finding = tuple[str, str]
#: Looks at a pod's metadata and spec.
CheckPod = Callable[[Object, Object], Finding | None]

PROFILES: Final = ("RuntimeDefault", "Localhost")


def containers(spec: Object) -> Iterator[tuple[Object, Object]]:
    """(container, its securityContext or {}) for all kinds of containers."""
    for group in ("initContainers", "containers", "ephemeralContainers"):
        for container in spec.get(group) or ():
            yield container, container.get("securityContext") or {}


def where(test: Callable[[Object, Object], bool], spec: Object) -> list[str]:
    return [c.get("name", "") for c, context in containers(spec) if test(c, context)]


def quoted(items: Iterable[str]) -> str:
    return ", ".join(f'"{i}"' for i in items)


def some(noun: str, items: Sequence[str]) -> str:
    return f"{noun if len(items) == 1 else noun + 's'} {quoted(items)}"


def culprits(pod: bool, names: Sequence[str]) -> str:
    """Who set something: 'pod', 'container "a"', or both."""
    return " and ".join((["pod"] if pod else []) + ([some("container", names)] if names else []))


def uses(items: Sequence[str]) -> str:
    return "uses" if len(items) == 1 else "use"


def bad_seccomp(spec: Object) -> Finding | None:
    def bad(context: Object) -> str | None:
        profile = context.get("seccompProfile")
        return None if profile is None or profile.get("type") in PROFILES else profile.get("type", "")

    pod = bad(spec.get("securityContext") or {})
    found = [(c.get("name", ""), kind) for c, context in containers(spec) if (kind := bad(context)) is not None]
    if pod is None and not found:
        return None
    values = sorted({kind for _, kind in found} | ({pod} if pod is not None else set()))
    who = culprits(pod is not None, [name for name, _ in found])
    return "seccompProfile", f"{who} must not set securityContext.seccompProfile.type to {quoted(values)}"
