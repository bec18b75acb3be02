"""Kinds of the core group (upstream: pkg/registry/core)."""

from pilothouse.apimachinery.gvk import GroupVersion, GroupVersionKind
from pilothouse.registry.authentication.defaults import default_token_request
from pilothouse.registry.core import (
    component_status,
    controllers,
    defaults,
    endpoints,
    events,
    limits,
    namespaces,
    nodes,
    pods,
    secrets,
    services,
    volumes,
)
from pilothouse.registry.core.binding import Binder
from pilothouse.registry.core.eviction import Evictor
from pilothouse.registry.core.kubelet import Kubelets
from pilothouse.registry.core.node_ports import NodePorts
from pilothouse.registry.core.pod_connect import pod_attach, pod_exec, pod_portforward
from pilothouse.registry.core.pod_defaults import default_pod
from pilothouse.registry.core.pod_log import PodLog
from pilothouse.registry.core.pod_rules import PodRules, pod_rules
from pilothouse.registry.core.printers import PRINTERS
from pilothouse.registry.core.proxies import NodeProxy, PodProxy, ServiceProxy
from pilothouse.registry.core.service_account_token import TokenRequests
from pilothouse.registry.core.service_allocation import ServiceAllocators
from pilothouse.registry.core.service_ip import IPAllocator, IPRange, IPRanges
from pilothouse.registry.dependencies import Dependencies
from pilothouse.registry.kinds import PROXY_VERBS, SCALE, STATUS, Group, Kinds, Version
from pilothouse.registry.rest import Resource, Subresource

_v1 = Kinds("", "v1", "core", PRINTERS)


def _kind(name: str) -> GroupVersionKind:
    return GroupVersionKind("", "v1", name)


_STATIC = (
    _v1("ConfigMap", "configmaps", short_names=("cm",), strategy=secrets.ConfigMapStrategy()),
    _v1(
        "Endpoints",
        "endpoints",
        short_names=("ep",),
        storage_prefix="services/endpoints",
        strategy=endpoints.EndpointsStrategy(),
        default=defaults.default_endpoints,
    ),
    _v1(
        "Event",
        "events",
        short_names=("ev",),
        strategy=events.EventStrategy(),
        selectable=events.selectable,
        selectable_names=events.SELECTABLE,
    ),
    _v1(
        "LimitRange",
        "limitranges",
        short_names=("limits",),
        strategy=limits.LimitRangeStrategy(),
        default=defaults.default_limit_range,
    ),
    _v1(
        "PersistentVolumeClaim",
        "persistentvolumeclaims",
        short_names=("pvc",),
        subresources=(STATUS,),
        strategy=volumes.PersistentVolumeClaimStrategy(),
        default=defaults.default_persistent_volume_claim,
    ),
    _v1(
        "ResourceQuota",
        "resourcequotas",
        short_names=("quota",),
        subresources=(STATUS,),
        strategy=limits.ResourceQuotaStrategy(),
        default=defaults.default_resource_quota,
    ),
    _v1(
        "Secret",
        "secrets",
        strategy=secrets.SecretStrategy(),
        default=defaults.default_secret,
        selectable=secrets.selectable,
        selectable_names=("type",),
    ),
)


def _namespaces() -> Resource:
    return _v1(
        "Namespace",
        "namespaces",
        namespaced=False,
        verbs=("create", "delete", "get", "list", "patch", "update", "watch"),
        short_names=("ns",),
        subresources=(Subresource("finalize", ("update",), handler="object"), STATUS),
        strategy=namespaces.NamespaceStrategy(),
        default=defaults.default_namespace,
        selectable=namespaces.selectable,
        selectable_names=("status.phase",),
    )


def _nodes(kubelets: Kubelets) -> Resource:
    return _v1(
        "Node",
        "nodes",
        namespaced=False,
        short_names=("no",),
        storage_prefix="minions",
        subresources=(Subresource("proxy", PROXY_VERBS, _kind("NodeProxyOptions"), NodeProxy(kubelets)), STATUS),
        strategy=nodes.NodeStrategy(),
        default=defaults.default_node,
        selectable=nodes.selectable,
        selectable_names=("spec.unschedulable",),
    )


def _templated(rules: PodRules) -> tuple[Resource, ...]:
    return (
        _v1(
            "PodTemplate",
            "podtemplates",
            strategy=controllers.PodTemplateStrategy(rules),
            default=defaults.default_pod_template_object,
        ),
        _v1(
            "ReplicationController",
            "replicationcontrollers",
            short_names=("rc",),
            categories=("all",),
            storage_prefix="controllers",
            subresources=(SCALE, STATUS),
            strategy=controllers.ReplicationControllerStrategy(rules),
            default=defaults.default_replication_controller,
            selectable=controllers.replicas,
            selectable_names=("status.replicas",),
        ),
    )


def _pods(dependencies: Dependencies, binder: Binder, kubelets: Kubelets) -> Resource:
    stream = ("create", "get")
    write = ("get", "patch", "update")
    evictor = Evictor(dependencies.stores, dependencies.clock)
    return _v1(
        "Pod",
        "pods",
        short_names=("po",),
        categories=("all",),
        subresources=(
            Subresource("attach", stream, _kind("PodAttachOptions"), pod_attach(dependencies, kubelets)),
            Subresource("binding", ("create",), _kind("Binding"), binder),
            Subresource("ephemeralcontainers", write, handler="object"),
            Subresource(
                "eviction", ("create",), GroupVersionKind("policy", "v1", "Eviction"), evictor,
                accepts=(GroupVersion("policy", "v1beta1"),),
            ),
            Subresource("exec", stream, _kind("PodExecOptions"), pod_exec(dependencies, kubelets)),
            Subresource("log", ("get",), _kind("Pod"), PodLog(dependencies, kubelets)),
            Subresource("portforward", stream, _kind("PodPortForwardOptions"), pod_portforward(dependencies, kubelets)),
            Subresource("proxy", PROXY_VERBS, _kind("PodProxyOptions"), PodProxy(dependencies.stores)),
            Subresource("resize", write, handler="object"),
            STATUS,
        ),
        strategy=pods.PodStrategy(dependencies.clock, pod_rules(dependencies, is_pod=True)),
        default=default_pod,
        selectable=pods.selectable,
        selectable_names=pods.SELECTABLE,
    )


def _services(dependencies: Dependencies) -> Resource:
    stores, clock = dependencies.stores, dependencies.clock
    ranges = IPRanges(dependencies.service_ip_ranges, stores)
    families = dict.fromkeys(IPRange(cidr).family for cidr in dependencies.service_ip_ranges)
    allocators = ServiceAllocators(
        [IPAllocator(family, ranges, stores, clock) for family in families],
        NodePorts(dependencies.node_ports, dependencies.stores),
    )
    return _v1(
        "Service",
        "services",
        short_names=("svc",),
        categories=("all",),
        storage_prefix="services/specs",
        subresources=(
            Subresource("proxy", PROXY_VERBS, _kind("ServiceProxyOptions"), ServiceProxy(dependencies.stores)),
            STATUS,
        ),
        strategy=services.ServiceStrategy(allocators, dependencies.stores),
        default=defaults.default_service,
        selectable=services.selectable,
        selectable_names=("spec.clusterIP", "spec.type"),
    )


def build(dependencies: Dependencies) -> Group:
    binder = Binder(dependencies.stores, dependencies.clock)
    kubelets = Kubelets(dependencies.kubelet, dependencies.stores)
    token = GroupVersionKind("authentication.k8s.io", "v1", "TokenRequest")
    resources = (
        *_STATIC,
        *_templated(pod_rules(dependencies)),
        _v1("Binding", "bindings", verbs=("create",), virtual={"create": binder}),
        _v1(
            "ComponentStatus",
            "componentstatuses",
            namespaced=False,
            verbs=("get", "list"),
            short_names=("cs",),
            virtual={"get": component_status.get_component, "list": component_status.list_components},
        ),
        _namespaces(),
        _nodes(kubelets),
        _v1(
            "PersistentVolume",
            "persistentvolumes",
            namespaced=False,
            short_names=("pv",),
            subresources=(STATUS,),
            strategy=volumes.PersistentVolumeStrategy(dependencies.clock),
            default=defaults.default_persistent_volume,
        ),
        _pods(dependencies, binder, kubelets),
        _v1(
            "ServiceAccount",
            "serviceaccounts",
            short_names=("sa",),
            subresources=(
                Subresource("token", ("create",), token, TokenRequests(dependencies), default=default_token_request),
            ),
            strategy=secrets.ServiceAccountStrategy(),
        ),
        _services(dependencies),
    )
    return Group("", 18000, (Version("v1", 1, resources),))
