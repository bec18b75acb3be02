"""Which labels a node may give itself (upstream: k8s.io/kubelet pkg/apis/well_known_labels.go)."""

from collections.abc import Mapping
from typing import Final

_RESTRICTED: Final = "node-restriction.kubernetes.io"
_DOMAINS: Final = ("kubernetes.io", "k8s.io")
_KUBELET_DOMAINS: Final = ("kubelet.kubernetes.io", "node.kubernetes.io")
_KUBELET_LABELS: Final = frozenset({
    "kubernetes.io/hostname", "topology.kubernetes.io/zone", "topology.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/region",
    "beta.kubernetes.io/instance-type", "node.kubernetes.io/instance-type", "kubernetes.io/os", "kubernetes.io/arch",
    "beta.kubernetes.io/os", "beta.kubernetes.io/arch",
})


def forbidden_changes(new: Mapping[str, str], old: Mapping[str, str]) -> list[str]:
    """The labels that differ although no node may add, change or remove them, sorted."""
    return sorted(label for label in new.keys() | old.keys() if new.get(label) != old.get(label) and _is_kept(label))


def _is_kept(label: str) -> bool:
    domain, slash, _ = label.partition("/")
    if not slash:
        return False
    if _is_within(domain, _RESTRICTED):
        return True
    if not any(_is_within(domain, parent) for parent in _DOMAINS):
        return False
    return label not in _KUBELET_LABELS and not any(_is_within(domain, parent) for parent in _KUBELET_DOMAINS)


def _is_within(domain: str, parent: str) -> bool:
    return domain == parent or domain.endswith(f".{parent}")
