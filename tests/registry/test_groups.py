"""The table of resources against a copy of what kube-apiserver v1.36.2 discovers."""

from pilothouse.apimachinery.gvk import GroupVersionKind
from pilothouse.apimachinery.schema.catalog import type_for
from pilothouse.controlplane.served import served_groups, stable
from pilothouse.endpoints import deprecation
from pilothouse.endpoints.discovery import storage_versions
from pilothouse.registry import groups
from pilothouse.registry.dependencies import Dependencies
from pilothouse.registry.kinds import resources_of
from pilothouse.registry.registered import GROUP_VERSIONS
from pilothouse.registry.rest import ALL_VERBS, Resource, Subresource

#: group/version, then: name, kind, namespaced or cluster, verbs ("*": all eight), short names, categories.
#: Subresources are indented: name, kind (with its group and version where they differ), verbs.
DISCOVERY = """
v1
  bindings Binding namespaced create - -
  componentstatuses ComponentStatus cluster get,list cs -
  configmaps ConfigMap namespaced * cm -
  endpoints Endpoints namespaced * ep -
  events Event namespaced * ev -
  limitranges LimitRange namespaced * limits -
  namespaces Namespace cluster create,delete,get,list,patch,update,watch ns -
    finalize Namespace update
    status Namespace get,patch,update
  nodes Node cluster * no -
    proxy NodeProxyOptions create,delete,get,patch,update
    status Node get,patch,update
  persistentvolumeclaims PersistentVolumeClaim namespaced * pvc -
    status PersistentVolumeClaim get,patch,update
  persistentvolumes PersistentVolume cluster * pv -
    status PersistentVolume get,patch,update
  pods Pod namespaced * po all
    attach PodAttachOptions create,get
    binding Binding create
    ephemeralcontainers Pod get,patch,update
    eviction policy/v1/Eviction create
    exec PodExecOptions create,get
    log Pod get
    portforward PodPortForwardOptions create,get
    proxy PodProxyOptions create,delete,get,patch,update
    resize Pod get,patch,update
    status Pod get,patch,update
  podtemplates PodTemplate namespaced * - -
  replicationcontrollers ReplicationController namespaced * rc all
    scale autoscaling/v1/Scale get,patch,update
    status ReplicationController get,patch,update
  resourcequotas ResourceQuota namespaced * quota -
    status ResourceQuota get,patch,update
  secrets Secret namespaced * - -
  serviceaccounts ServiceAccount namespaced * sa -
    token authentication.k8s.io/v1/TokenRequest create
  services Service namespaced * svc all
    proxy ServiceProxyOptions create,delete,get,patch,update
    status Service get,patch,update
admissionregistration.k8s.io/v1
  mutatingadmissionpolicies MutatingAdmissionPolicy cluster * - api-extensions
  mutatingadmissionpolicybindings MutatingAdmissionPolicyBinding cluster * - api-extensions
  mutatingwebhookconfigurations MutatingWebhookConfiguration cluster * - api-extensions
  validatingadmissionpolicies ValidatingAdmissionPolicy cluster * - api-extensions
    status ValidatingAdmissionPolicy get,patch,update
  validatingadmissionpolicybindings ValidatingAdmissionPolicyBinding cluster * - api-extensions
  validatingwebhookconfigurations ValidatingWebhookConfiguration cluster * - api-extensions
apiextensions.k8s.io/v1
  customresourcedefinitions CustomResourceDefinition cluster * crd,crds api-extensions
    status CustomResourceDefinition get,patch,update
apiregistration.k8s.io/v1
  apiservices APIService cluster * - api-extensions
    status APIService get,patch,update
apps/v1
  controllerrevisions ControllerRevision namespaced * - -
  daemonsets DaemonSet namespaced * ds all
    status DaemonSet get,patch,update
  deployments Deployment namespaced * deploy all
    scale autoscaling/v1/Scale get,patch,update
    status Deployment get,patch,update
  replicasets ReplicaSet namespaced * rs all
    scale autoscaling/v1/Scale get,patch,update
    status ReplicaSet get,patch,update
  statefulsets StatefulSet namespaced * sts all
    scale autoscaling/v1/Scale get,patch,update
    status StatefulSet get,patch,update
authentication.k8s.io/v1
  selfsubjectreviews SelfSubjectReview cluster create - -
  tokenreviews TokenReview cluster create - -
authorization.k8s.io/v1
  localsubjectaccessreviews LocalSubjectAccessReview namespaced create - -
  selfsubjectaccessreviews SelfSubjectAccessReview cluster create - -
  selfsubjectrulesreviews SelfSubjectRulesReview cluster create - -
  subjectaccessreviews SubjectAccessReview cluster create - -
autoscaling/v1
  horizontalpodautoscalers HorizontalPodAutoscaler namespaced * hpa all
    status HorizontalPodAutoscaler get,patch,update
autoscaling/v2
  horizontalpodautoscalers HorizontalPodAutoscaler namespaced * hpa all
    status HorizontalPodAutoscaler get,patch,update
batch/v1
  cronjobs CronJob namespaced * cj all
    status CronJob get,patch,update
  jobs Job namespaced * - all
    status Job get,patch,update
certificates.k8s.io/v1
  certificatesigningrequests CertificateSigningRequest cluster * csr -
    approval CertificateSigningRequest get,patch,update
    status CertificateSigningRequest get,patch,update
coordination.k8s.io/v1
  leases Lease namespaced * - -
discovery.k8s.io/v1
  endpointslices EndpointSlice namespaced * - -
events.k8s.io/v1
  events Event namespaced * ev -
flowcontrol.apiserver.k8s.io/v1
  flowschemas FlowSchema cluster * - -
    status FlowSchema get,patch,update
  prioritylevelconfigurations PriorityLevelConfiguration cluster * - -
    status PriorityLevelConfiguration get,patch,update
networking.k8s.io/v1
  ingressclasses IngressClass cluster * - -
  ingresses Ingress namespaced * ing -
    status Ingress get,patch,update
  ipaddresses IPAddress cluster * ip -
  networkpolicies NetworkPolicy namespaced * netpol -
  servicecidrs ServiceCIDR cluster * - -
    status ServiceCIDR get,patch,update
node.k8s.io/v1
  runtimeclasses RuntimeClass cluster * - -
policy/v1
  poddisruptionbudgets PodDisruptionBudget namespaced * pdb -
    status PodDisruptionBudget get,patch,update
rbac.authorization.k8s.io/v1
  clusterrolebindings ClusterRoleBinding cluster * - -
  clusterroles ClusterRole cluster * - -
  rolebindings RoleBinding namespaced * - -
  roles Role namespaced * - -
resource.k8s.io/v1
  deviceclasses DeviceClass cluster * - -
  resourceclaims ResourceClaim namespaced * - -
    status ResourceClaim get,patch,update
  resourceclaimtemplates ResourceClaimTemplate namespaced * - -
  resourceslices ResourceSlice cluster * - -
scheduling.k8s.io/v1
  priorityclasses PriorityClass cluster * pc -
storage.k8s.io/v1
  csidrivers CSIDriver cluster * - -
  csinodes CSINode cluster * - -
  csistoragecapacities CSIStorageCapacity namespaced * - -
  storageclasses StorageClass cluster * sc -
  volumeattachments VolumeAttachment cluster * - -
    status VolumeAttachment get,patch,update
  volumeattributesclasses VolumeAttributesClass cluster * vac -
"""

#: The groups of /apis in order, with the versions and the priorities of their APIServices.
GROUPS = [
    ("", 18000, {"v1": 1}),
    ("apiregistration.k8s.io", 20000, {"v1": 0}),
    ("apps", 17800, {"v1": 15}),
    ("events.k8s.io", 17750, {"v1": 15}),
    ("authentication.k8s.io", 17700, {"v1": 15}),
    ("authorization.k8s.io", 17600, {"v1": 15}),
    ("autoscaling", 17500, {"v2": 30, "v1": 15}),
    ("batch", 17400, {"v1": 15}),
    ("certificates.k8s.io", 17300, {"v1": 15}),
    ("networking.k8s.io", 17200, {"v1": 15}),
    ("policy", 17100, {"v1": 15}),
    ("rbac.authorization.k8s.io", 17000, {"v1": 15}),
    ("storage.k8s.io", 16800, {"v1": 15}),
    ("admissionregistration.k8s.io", 16700, {"v1": 15}),
    ("apiextensions.k8s.io", 16700, {"v1": 15}),
    ("scheduling.k8s.io", 16600, {"v1": 15}),
    ("coordination.k8s.io", 16500, {"v1": 15}),
    ("node.k8s.io", 16300, {"v1": 15}),
    ("discovery.k8s.io", 16200, {"v1": 15}),
    ("resource.k8s.io", 16200, {"v1": 21}),
    ("flowcontrol.apiserver.k8s.io", 16100, {"v1": 21}),
]

#: The versions that are off by default, as the storage providers of pkg/registry/*/rest make them: resources without
#: their subresources. Those of feature gates that Pilothouse does not know are not among them.
OFF = {
    "admissionregistration.k8s.io/v1alpha1": ["mutatingadmissionpolicies", "mutatingadmissionpolicybindings"],
    "admissionregistration.k8s.io/v1beta1": ["mutatingadmissionpolicies", "mutatingadmissionpolicybindings"],
    "certificates.k8s.io/v1alpha1": ["clustertrustbundles"],
    "certificates.k8s.io/v1beta1": ["clustertrustbundles", "podcertificaterequests"],
    "coordination.k8s.io/v1alpha2": ["leasecandidates"],
    "coordination.k8s.io/v1beta1": ["leasecandidates"],
    "internal.apiserver.k8s.io/v1alpha1": ["storageversions"],
    "networking.k8s.io/v1beta1": ["ipaddresses", "servicecidrs"],
    "resource.k8s.io/v1alpha3": ["devicetaintrules", "resourcepoolstatusrequests"],
    "resource.k8s.io/v1beta1": ["deviceclasses", "resourceclaims", "resourceclaimtemplates", "resourceslices"],
    "resource.k8s.io/v1beta2": [
        "deviceclasses", "devicetaintrules", "resourceclaims", "resourceclaimtemplates", "resourceslices",
    ],
    "scheduling.k8s.io/v1alpha2": ["podgroups", "workloads"],
    "storage.k8s.io/v1beta1": ["volumeattributesclasses"],
    "storagemigration.k8s.io/v1beta1": ["storageversionmigrations"],
}
GATED = {
    "clustertrustbundles": "ClusterTrustBundle", "podcertificaterequests": "PodCertificateRequest",
    "podgroups": "GenericWorkload", "storageversionmigrations": "StorageVersionMigrator",
    "workloads": "GenericWorkload",
}

#: The kinds that are not stored in the version of their group's first one (pkg/kubeapiserver,
#: NewStorageFactoryConfigEffectiveVersion).
STORED = {
    "leasecandidates": "v1beta1", "clustertrustbundles": "v1beta1", "podcertificaterequests": "v1beta1",
    "podgroups": "v1alpha2", "workloads": "v1alpha2",
    "storageversionmigrations": "v1beta1",
    "devicetaintrules": "v1alpha3", "resourcepoolstatusrequests": "v1alpha3", "storageversions": "v1alpha1",
    "mutatingadmissionpolicies": "v1beta1", "mutatingadmissionpolicybindings": "v1beta1",
    "customresourcedefinitions": "v1beta1", "horizontalpodautoscalers": "v2",
}

PREFIXES = {
    "replicationcontrollers": "controllers", "endpoints": "services/endpoints", "nodes": "minions",
    "services": "services/specs", "ingresses": "ingress",
    "customresourcedefinitions": "apiextensions.k8s.io/customresourcedefinitions",
    "apiservices": "apiregistration.k8s.io/apiservices",
}


def _resources() -> list[Resource]:
    return resources_of(served_groups(groups.build(Dependencies()), {}))


def _verbs(verbs: tuple[str, ...]) -> str:
    return "*" if verbs == ALL_VERBS else ",".join(verbs)


def _subresource_kind(resource: Resource, sub: Subresource) -> str:
    if sub.kind is None:
        return resource.kind
    if (sub.kind.group, sub.kind.version) == (resource.group, resource.version):
        return sub.kind.kind
    return "/".join((*filter(None, sub.kind[:2]), sub.kind.kind))


def test_discovery() -> None:
    by_version: dict[str, list[Resource]] = {}
    for resource in _resources():
        by_version.setdefault(resource.api_version, []).append(resource)
    lines = []
    for version, resources in sorted(by_version.items(), key=lambda item: ("/" in item[0], item[0])):
        lines.append(version)
        for r in resources:
            scope = "namespaced" if r.namespaced else "cluster"
            names = f"{','.join(r.short_names) or '-'} {','.join(r.categories) or '-'}"
            lines.append(f"  {r.name} {r.kind} {scope} {_verbs(r.verbs)} {names}")
            lines.extend(f"    {s.name} {_subresource_kind(r, s)} {_verbs(s.verbs)}" for s in r.subresources)
    assert lines == DISCOVERY.strip("\n").splitlines()


def test_groups_are_in_the_order_of_their_priority() -> None:
    built = [
        (group.name, group.priority, {version.version: version.priority for version in group.versions})
        for group in served_groups(groups.build(Dependencies()), {})
    ]
    assert built == GROUPS


def test_names_that_follow_from_the_kind() -> None:
    for resource in _resources():
        assert resource.singular == resource.kind.lower()
        assert resource.list_kind == f"{resource.kind}List"
        assert resource.internal_kind.endswith(f".{resource.kind}")


def test_storage_prefixes() -> None:
    for resource in _resources():
        wanted = "" if resource.virtual is not None else PREFIXES.get(resource.name, resource.name)
        assert resource.storage_prefix == wanted


def test_every_kind_has_a_type() -> None:
    for resource in _resources():
        assert type_for(resource.gvk) is not None, resource.kind


def test_printers_are_hooked_in_by_name() -> None:
    without = {r.name for r in _resources() if r.printer is None and r.virtual is None}
    # upstream prints these with its default table too
    assert without == {
        "limitranges", "customresourcedefinitions", "clusterroles", "roles", "csistoragecapacities",
    }


def test_status_subresources_go_with_status_fields() -> None:
    for resource in _resources():
        has_status = any(sub.name == "status" for sub in resource.subresources)
        assert bool(resource.strategy.status_fields) is has_status, resource.name


def test_a_version_that_is_not_stored_shares_its_prefix_with_one_that_is() -> None:
    stored = {resource.storage_prefix for resource in _resources() if resource.converter is None}
    converted = [resource for resource in _resources() if resource.converter is not None]
    assert {(r.group, r.version) for r in converted} == {("autoscaling", "v1"), ("events.k8s.io", "v1")}
    assert all(resource.storage_prefix in stored for resource in converted)


def test_versions_that_are_off_by_default() -> None:
    known = groups.build(Dependencies())
    everything = served_groups(known, {"api/all": "true"}, lambda gate: True)
    found: dict[str, list[str]] = {}
    for resource in resources_of(everything):
        if not stable(resource.version):
            found.setdefault(resource.api_version, []).append(resource.name)
            assert resource.feature_gate == GATED.get(resource.name, "")
            assert type_for(resource.gvk) is not None
    assert found == OFF
    for group in everything:
        registered = GROUP_VERSIONS[group.name]
        assert [v.version for v in group.versions] == [
            v for v in registered if v in {served.version for served in group.versions}
        ]


def test_storage_versions() -> None:
    stored = storage_versions(resources_of(groups.build(Dependencies())))
    for gvk, name in ((gvk, prefix.rpartition("/")[2]) for prefix, gvk in stored.items()):
        assert gvk.version == STORED.get(name, "v1"), name


def test_deprecated_versions() -> None:
    known = resources_of(groups.build(Dependencies()))
    warned = {r.api_version for r in known if not stable(r.version) and deprecation.of(r.gvk)}
    assert warned == {
        "admissionregistration.k8s.io/v1alpha1", "certificates.k8s.io/v1alpha1", "coordination.k8s.io/v1alpha2",
        "coordination.k8s.io/v1beta1", "networking.k8s.io/v1beta1", "resource.k8s.io/v1alpha3",
        "resource.k8s.io/v1beta1", "resource.k8s.io/v1beta2", "storage.k8s.io/v1beta1",
    }
    found = deprecation.of(GroupVersionKind("storage.k8s.io", "v1beta1", "VolumeAttributesClass"))
    assert found == (
        "storage.k8s.io/v1beta1 VolumeAttributesClass is deprecated in v1.34+, unavailable in v1.37+; "
        "use storage.k8s.io/v1 VolumeAttributesClass",
        "1.37",
    )
