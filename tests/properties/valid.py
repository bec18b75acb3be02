"""One valid object of every built-in kind that can be created, by apiVersion and kind: what a client would send."""

import base64
import copy
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from pilothouse.registry.rest import Resource

Object = dict[str, Any]

_POD: Final = {"containers": [{"name": "c", "image": "i"}]}
_TEMPLATE: Final = {"metadata": {"labels": {"a": "b"}}, "spec": _POD}
_JOB: Final = {"template": {"spec": {**_POD, "restartPolicy": "Never"}}}
_SELECTOR: Final = {"matchLabels": {"a": "b"}}
_TARGET: Final = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"}
_ACCESS: Final = {"user": "ann", "resourceAttributes": {"namespace": "ns", "verb": "get", "resource": "pods"}}
_WEBHOOK: Final = {
    "name": "hook.example.com", "clientConfig": {"url": "https://192.0.2.1/hook"}, "sideEffects": "None",
    "admissionReviewVersions": ["v1"],
    "rules": [{"apiGroups": ["example.com"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["x"]}],
}
_MATCH: Final = {
    "resourceRules": [
        {"apiGroups": ["example.com"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["x"]}
    ]
}
_CLAIM: Final = {"devices": {"requests": [{"name": "gpu", "exactly": {"deviceClassName": "gpu.example.com"}}]}}


_BETA_CLAIM: Final = {
    "devices": {
        "requests": [
            {"name": "gpu", "deviceClassName": "gpu.example.com", "tolerations": [{"key": "example.com/t"}]},
            {"name": "either", "firstAvailable": [{"name": "a", "deviceClassName": "gpu.example.com"}]},
        ]
    }
}
_CANDIDATE: Final = {
    "leaseName": "l", "binaryVersion": "1.36.2", "emulationVersion": "1.36.0", "strategy": "OldestEmulationVersion",
}


def stub_request() -> str:
    """A signing request without a subject, as kubelets make them: base64 of its DER."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    request = builder.sign(ec.generate_private_key(ec.SECP256R1()), SHA256())
    return base64.b64encode(request.public_bytes(Encoding.DER)).decode()


def authority() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")])
    start = datetime(2020, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(start).not_valid_after(start + timedelta(days=36500))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    return builder.sign(key, SHA256()).public_bytes(Encoding.PEM).decode()


def _certificate_request() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ann")])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, SHA256())
    return base64.b64encode(request.public_bytes(Encoding.PEM)).decode()


#: Everything but kind, apiVersion and, where any name will do, metadata.
_OBJECTS: Final[Mapping[tuple[str, str], Mapping[str, Any]]] = {
    ("v1", "Binding"): {"target": {"kind": "Node", "name": "n"}},
    ("v1", "ConfigMap"): {"data": {"k": "v"}, "binaryData": {"b": "AAEC"}},
    ("v1", "Endpoints"): {
        "subsets": [{"addresses": [{"ip": "192.0.2.1"}], "ports": [{"name": "http", "port": 80, "protocol": "TCP"}]}]
    },
    ("v1", "Event"): {"involvedObject": {"kind": "Pod", "name": "p", "namespace": "ns"}, "reason": "R"},
    ("v1", "LimitRange"): {
        "spec": {"limits": [{"type": "Container", "default": {"cpu": "200m"}, "max": {"cpu": "1", "memory": "1Gi"}}]}
    },
    ("v1", "Namespace"): {},
    ("v1", "Node"): {"spec": {"podCIDR": "10.1.0.0/24", "taints": [{"key": "k", "effect": "NoSchedule"}]}},
    ("v1", "PersistentVolumeClaim"): {
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "2Gi"}}}
    },
    ("v1", "PersistentVolume"): {
        "spec": {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "2Gi"}, "hostPath": {"path": "/data"}}
    },
    ("v1", "Pod"): {"spec": _POD},
    ("v1", "PodTemplate"): {"template": _TEMPLATE},
    ("v1", "ReplicationController"): {"spec": {"selector": {"a": "b"}, "template": _TEMPLATE}},
    ("v1", "ResourceQuota"): {"spec": {"hard": {"count/widgets.example.com": "10"}}},
    ("v1", "Secret"): {"data": {"k": "AAEC"}},
    ("v1", "ServiceAccount"): {"secrets": [{"name": "s"}]},
    ("v1", "Service"): {"spec": {"selector": {"a": "b"}, "ports": [{"port": 80}]}},
    ("apiregistration.k8s.io/v1", "APIService"): {
        "metadata": {"name": "v1.{}.example.com"},
        "spec": {
            "group": "{}.example.com", "version": "v1", "groupPriorityMinimum": 100, "versionPriority": 10,
            "service": {"namespace": "ns", "name": "api"}, "insecureSkipTLSVerify": True,
        },
    },
    ("apps/v1", "ControllerRevision"): {"data": {"spec": {"x": 1, "none": {}}}, "revision": 3},
    ("apps/v1", "DaemonSet"): {"spec": {"selector": _SELECTOR, "template": _TEMPLATE}},
    ("apps/v1", "Deployment"): {"spec": {"selector": _SELECTOR, "template": _TEMPLATE}},
    ("apps/v1", "ReplicaSet"): {"spec": {"selector": _SELECTOR, "template": _TEMPLATE}},
    ("apps/v1", "StatefulSet"): {"spec": {"selector": _SELECTOR, "template": _TEMPLATE, "serviceName": "s"}},
    ("events.k8s.io/v1", "Event"): {
        "regarding": {"kind": "Pod", "name": "p", "namespace": "ns"}, "reason": "R", "type": "Normal", "action": "A",
        "eventTime": "2020-01-02T03:04:05.000001Z", "reportingController": "example.com/c", "reportingInstance": "n",
    },
    ("authentication.k8s.io/v1", "SelfSubjectReview"): {},
    ("authentication.k8s.io/v1", "TokenReview"): {"spec": {"token": "t"}},
    ("authorization.k8s.io/v1", "LocalSubjectAccessReview"): {"metadata": {"namespace": "ns"}, "spec": _ACCESS},
    ("authorization.k8s.io/v1", "SelfSubjectAccessReview"): {"spec": {"resourceAttributes": {"verb": "get"}}},
    ("authorization.k8s.io/v1", "SelfSubjectRulesReview"): {"spec": {"namespace": "ns"}},
    ("authorization.k8s.io/v1", "SubjectAccessReview"): {"spec": _ACCESS},
    ("autoscaling/v2", "HorizontalPodAutoscaler"): {
        "spec": {
            "scaleTargetRef": _TARGET, "maxReplicas": 3,
            "metrics": [{
                "type": "Resource",
                "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}},
            }],
        }
    },
    ("autoscaling/v1", "HorizontalPodAutoscaler"): {
        "spec": {"scaleTargetRef": _TARGET, "maxReplicas": 3, "targetCPUUtilizationPercentage": 40}
    },
    ("batch/v1", "CronJob"): {"spec": {"schedule": "*/5 * * * *", "jobTemplate": {"spec": _JOB}}},
    ("batch/v1", "Job"): {"spec": _JOB},
    ("certificates.k8s.io/v1", "CertificateSigningRequest"): {
        "spec": {"request": _certificate_request(), "signerName": "example.com/s", "usages": ["client auth"]}
    },
    ("networking.k8s.io/v1", "IngressClass"): {"spec": {"controller": "example.com/ingress"}},
    ("networking.k8s.io/v1", "Ingress"): {
        "spec": {
            "rules": [{
                "host": "a.example.com",
                "http": {
                    "paths": [{
                        "path": "/", "pathType": "Prefix",
                        "backend": {"service": {"name": "web", "port": {"number": 80}}},
                    }]
                },
            }]
        }
    },
    ("networking.k8s.io/v1", "IPAddress"): {
        "metadata": {"name": "192.0.2.1"},
        "spec": {"parentRef": {"resource": "services", "namespace": "ns", "name": "s"}}
    },
    ("networking.k8s.io/v1", "NetworkPolicy"): {
        "spec": {
            "podSelector": _SELECTOR, "egress": [{}],
            "ingress": [{"from": [{"ipBlock": {"cidr": "172.17.0.0/16"}}], "ports": [{"port": 6379}]}],
        }
    },
    ("networking.k8s.io/v1", "ServiceCIDR"): {"spec": {"cidrs": ["192.168.70.0/24"]}},
    ("policy/v1", "PodDisruptionBudget"): {"spec": {"minAvailable": 2, "selector": _SELECTOR}},
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"): {
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "r"},
        "subjects": [{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "ann"}],
    },
    ("rbac.authorization.k8s.io/v1", "ClusterRole"): {
        "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]
    },
    ("rbac.authorization.k8s.io/v1", "RoleBinding"): {
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"},
        "subjects": [{"kind": "ServiceAccount", "namespace": "ns", "name": "sa"}],
    },
    ("rbac.authorization.k8s.io/v1", "Role"): {"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]},
    ("storage.k8s.io/v1", "CSIDriver"): {"spec": {"attachRequired": False}},
    ("storage.k8s.io/v1", "CSINode"): {"spec": {"drivers": [{"name": "example.com", "nodeID": "n"}]}},
    ("storage.k8s.io/v1", "CSIStorageCapacity"): {"storageClassName": "fast", "capacity": "10Gi"},
    ("storage.k8s.io/v1", "StorageClass"): {"provisioner": "example.com/p", "parameters": {"type": "ssd"}},
    ("storage.k8s.io/v1", "VolumeAttachment"): {
        "spec": {"attacher": "example.com", "nodeName": "n", "source": {"persistentVolumeName": "pv"}}
    },
    ("storage.k8s.io/v1", "VolumeAttributesClass"): {"driverName": "example.com", "parameters": {"iops": "100"}},
    ("admissionregistration.k8s.io/v1", "MutatingAdmissionPolicy"): {
        "spec": {
            "matchConstraints": _MATCH, "reinvocationPolicy": "Never",
            "mutations": [{
                "patchType": "ApplyConfiguration", "applyConfiguration": {"expression": "Object{spec: Object.spec{}}"},
            }],
        }
    },
    ("admissionregistration.k8s.io/v1", "MutatingAdmissionPolicyBinding"): {"spec": {"policyName": "p"}},
    ("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration"): {"webhooks": [_WEBHOOK]},
    ("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy"): {
        "spec": {"matchConstraints": _MATCH, "validations": [{"expression": "object.spec.x == 'a'"}]}
    },
    ("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding"): {
        "spec": {"policyName": "p", "validationActions": ["Deny"]}
    },
    ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration"): {"webhooks": [_WEBHOOK]},
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition"): {
        "metadata": {"name": "widgets.{}.example.com"},
        "spec": {
            "group": "{}.example.com", "scope": "Namespaced", "names": {"plural": "widgets", "kind": "Widget"},
            "versions": [{
                "name": "v1", "served": True, "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {"spec": {"type": "object", "properties": {"x": {"type": "string"}}}},
                    }
                },
            }],
        },
    },
    ("scheduling.k8s.io/v1", "PriorityClass"): {"value": 1000},
    ("scheduling.k8s.io/v1alpha2", "Workload"): {
        "spec": {"podGroupTemplates": [{"name": "workers", "schedulingPolicy": {"gang": {"minCount": 2}}}]},
    },
    ("scheduling.k8s.io/v1alpha2", "PodGroup"): {"spec": {"schedulingPolicy": {"basic": {}}}},
    ("coordination.k8s.io/v1", "Lease"): {"spec": {"holderIdentity": "me", "leaseDurationSeconds": 15}},
    ("node.k8s.io/v1", "RuntimeClass"): {"handler": "runc"},
    ("discovery.k8s.io/v1", "EndpointSlice"): {
        "addressType": "IPv4", "endpoints": [{"addresses": ["192.0.2.1"]}], "ports": [{"name": "http", "port": 80}]
    },
    ("resource.k8s.io/v1", "DeviceClass"): {"spec": {"selectors": [{"cel": {"expression": "true"}}]}},
    ("resource.k8s.io/v1", "ResourceClaim"): {"spec": _CLAIM},
    ("resource.k8s.io/v1", "ResourceClaimTemplate"): {"spec": {"spec": _CLAIM}},
    ("resource.k8s.io/v1", "ResourceSlice"): {
        "spec": {
            "driver": "gpu.example.com", "nodeName": "n",
            "pool": {"name": "p", "generation": 1, "resourceSliceCount": 1},
            "devices": [{
                "name": "d", "attributes": {"model": {"string": "x"}}, "capacity": {"memory": {"value": "1Gi"}},
            }],
        }
    },
    ("resource.k8s.io/v1beta1", "ResourceClaim"): {"spec": _BETA_CLAIM},
    ("resource.k8s.io/v1beta1", "ResourceClaimTemplate"): {"spec": {"spec": _BETA_CLAIM}},
    ("resource.k8s.io/v1beta1", "ResourceSlice"): {
        "spec": {
            "driver": "gpu.example.com", "nodeName": "n",
            "pool": {"name": "p", "generation": 1, "resourceSliceCount": 1},
            "devices": [
                {
                    "name": "d",
                    "basic": {
                        "attributes": {"model": {"string": "x"}}, "capacity": {"memory": {"value": "1Gi"}},
                        "taints": [{"key": "example.com/t", "effect": "NoSchedule"}], "allowMultipleAllocations": False,
                    },
                },
                {"name": "e", "basic": {}},
            ],
        }
    },
    ("resource.k8s.io/v1alpha3", "DeviceTaintRule"): {
        "spec": {
            "deviceSelector": {"driver": "gpu.example.com"},
            "taint": {"key": "example.com/t", "value": "v", "effect": "NoExecute"},
        }
    },
    ("resource.k8s.io/v1alpha3", "ResourcePoolStatusRequest"): {"spec": {"driver": "gpu.example.com"}},
    ("coordination.k8s.io/v1beta1", "LeaseCandidate"): {"spec": _CANDIDATE},
    ("certificates.k8s.io/v1beta1", "ClusterTrustBundle"): {"spec": {"trustBundle": authority()}},
    ("certificates.k8s.io/v1beta1", "PodCertificateRequest"): {
        "spec": {
            "signerName": "example.com/s", "podName": "p", "podUID": "p-uid", "serviceAccountName": "sa",
            "serviceAccountUID": "sa-uid", "nodeName": "n", "nodeUID": "n-uid", "stubPKCS10Request": stub_request(),
        }
    },
    ("internal.apiserver.k8s.io/v1alpha1", "StorageVersion"): {"metadata": {"name": "{}.example.widgets"}, "spec": {}},
    ("storagemigration.k8s.io/v1beta1", "StorageVersionMigration"): {"spec": {"resource": {"resource": "pods"}}},
    ("flowcontrol.apiserver.k8s.io/v1", "FlowSchema"): {
        "spec": {
            "priorityLevelConfiguration": {"name": "p"}, "matchingPrecedence": 500,
            "rules": [{
                "subjects": [{"kind": "User", "user": {"name": "ann"}}],
                "resourceRules": [{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"], "namespaces": ["*"]}],
            }],
        }
    },
    ("flowcontrol.apiserver.k8s.io/v1", "PriorityLevelConfiguration"): {
        "spec": {"type": "Limited", "limited": {"limitResponse": {"type": "Reject"}}}
    },
}


def valid(resource: Resource, name: str = "x") -> Object:
    """A new valid object of `resource`, called `name` if its kind leaves the choice. Raises KeyError for a kind that
    nobody has written an object for; a version without one of its own has the same as another."""
    fields = _named(_OBJECTS[_api_version(resource), resource.kind], name)
    metadata = {"name": name, **fields.get("metadata", {})}
    return {"kind": resource.kind, "apiVersion": resource.api_version, **fields, "metadata": metadata}


def _named(value: Any, name: str) -> Any:
    """A copy of `value` with `name` for each {} in a text."""
    match value:
        case str():
            return value.replace("{}", name)
        case dict():
            return {key: _named(child, name) for key, child in value.items()}
        case list():
            return [_named(child, name) for child in value]
    return copy.copy(value)


def _api_version(resource: Resource) -> str:
    if (resource.api_version, resource.kind) in _OBJECTS:
        return resource.api_version
    return next(v for v, kind in _OBJECTS if kind == resource.kind and v.startswith(f"{resource.group}/"))
