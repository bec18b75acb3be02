"""Kinds of the core group (upstream: pkg/registry/core)."""

from pilothouse.apimachinery.gvk import GroupVersionKind
from pilothouse.registry.dependencies import Dependencies
from pilothouse.registry.kinds import SCALE, STATUS, Group, Kinds, Version
from pilothouse.registry.rest import Subresource

_v1 = Kinds("", "v1", "core")

_V1 = (
    _v1("Binding", "bindings", verbs=("create",)),
    _v1("ComponentStatus", "componentstatuses", namespaced=False, verbs=("get", "list"), short_names=("cs",)),
    _v1("ConfigMap", "configmaps", short_names=("cm",)),
    _v1("Endpoints", "endpoints", short_names=("ep",), storage_prefix="services/endpoints"),
    _v1("Event", "events", short_names=("ev",)),
    _v1("LimitRange", "limitranges", short_names=("limits",)),
    _v1(
        "Namespace",
        "namespaces",
        namespaced=False,
        verbs=("create", "delete", "get", "list", "patch", "update", "watch"),
        short_names=("ns",),
        subresources=(Subresource("finalize", ("update",), GroupVersionKind("", "v1", "Namespace")), STATUS),
    ),
    _v1(
        "Node",
        "nodes",
        namespaced=False,
        short_names=("no",),
        storage_prefix="minions",
        subresources=(
            Subresource(
                "proxy", ("create", "delete", "get", "patch", "update"), GroupVersionKind("", "v1", "NodeProxyOptions")
            ),
            STATUS,
        ),
    ),
    _v1("PersistentVolumeClaim", "persistentvolumeclaims", short_names=("pvc",), subresources=(STATUS,)),
    _v1("PersistentVolume", "persistentvolumes", namespaced=False, short_names=("pv",), subresources=(STATUS,)),
    _v1(
        "Pod",
        "pods",
        short_names=("po",),
        categories=("all",),
        subresources=(
            Subresource("attach", ("create", "get"), GroupVersionKind("", "v1", "PodAttachOptions")),
            Subresource("binding", ("create",), GroupVersionKind("", "v1", "Binding")),
            Subresource("ephemeralcontainers", ("get", "patch", "update"), GroupVersionKind("", "v1", "Pod")),
            Subresource("eviction", ("create",), GroupVersionKind("policy", "v1", "Eviction")),
            Subresource("exec", ("create", "get"), GroupVersionKind("", "v1", "PodExecOptions")),
            Subresource("log", ("get",), GroupVersionKind("", "v1", "Pod")),
            Subresource("portforward", ("create", "get"), GroupVersionKind("", "v1", "PodPortForwardOptions")),
            Subresource(
                "proxy", ("create", "delete", "get", "patch", "update"), GroupVersionKind("", "v1", "PodProxyOptions")
            ),
            Subresource("resize", ("get", "patch", "update"), GroupVersionKind("", "v1", "Pod")),
            STATUS,
        ),
    ),
    _v1("PodTemplate", "podtemplates"),
    _v1(
        "ReplicationController",
        "replicationcontrollers",
        short_names=("rc",),
        categories=("all",),
        storage_prefix="controllers",
        subresources=(SCALE, STATUS),
    ),
    _v1("ResourceQuota", "resourcequotas", short_names=("quota",), subresources=(STATUS,)),
    _v1("Secret", "secrets"),
    _v1(
        "ServiceAccount",
        "serviceaccounts",
        short_names=("sa",),
        subresources=(
            Subresource("token", ("create",), GroupVersionKind("authentication.k8s.io", "v1", "TokenRequest")),
        ),
    ),
    _v1(
        "Service",
        "services",
        short_names=("svc",),
        categories=("all",),
        storage_prefix="services/specs",
        subresources=(
            Subresource(
                "proxy",
                ("create", "delete", "get", "patch", "update"),
                GroupVersionKind("", "v1", "ServiceProxyOptions"),
            ),
            STATUS,
        ),
    ),
)


def build(dependencies: Dependencies) -> Group:
    return Group("", 18000, (Version("v1", 1, _V1),))
