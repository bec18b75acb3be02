"""ServiceAccount: a pod runs as somebody, and can prove it
(upstream: plugin/pkg/admission/serviceaccount/admission.go)."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final

from pilothouse.admission.interface import CREATE, UPDATE, Attributes, Lister, Object, forbidden
from pilothouse.admission.plugins.pods import PODS, containers, is_mirror
from pilothouse.apimachinery.gvk import GroupResource
from pilothouse.apimachinery.names import generate_name

_ACCOUNTS: Final = GroupResource("", "serviceaccounts")
DEFAULT_NAME: Final = "default"
VOLUME_PREFIX: Final = "kube-api-access-"
MOUNT_PATH: Final = "/var/run/secrets/kubernetes.io/serviceaccount"
ENFORCE_ANNOTATION: Final = "kubernetes.io/enforce-mountable-secrets"
#: An hour and seven seconds: tokens asked for so long are extended, and their use is counted (upstream: WarnOnly…).
TOKEN_SECONDS: Final = 3607
#: A new namespace's default account is made by a controller: wait for it, 10 tries as upstream.
_ATTEMPTS, _RETRY_SECONDS = 10, 0.1
#: What Go's strconv.ParseBool takes for true.
_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})


class ServiceAccount:
    def __init__(self, lister: Lister, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._lister = lister
        self._sleep = sleep

    def handles(self, operation: str, resource: GroupResource, subresource: str) -> bool:
        return resource == PODS and (
            (operation == CREATE and not subresource) or (operation == UPDATE and subresource == "ephemeralcontainers")
        )

    async def admit(self, a: Attributes) -> None:
        pod = a.object
        if pod is None or a.operation != CREATE:
            return
        if not is_mirror(pod):
            await self._set_account(a, pod["spec"])
        # refused here already, as upstream does, so that this comes before anything the kind itself objects to
        await self.validate(a)

    async def _set_account(self, a: Attributes, spec: Object) -> None:
        if not spec.get("serviceAccountName"):
            spec["serviceAccountName"] = DEFAULT_NAME
        # the deprecated alias always says the same in v1
        spec["serviceAccount"] = spec["serviceAccountName"]
        account = await self._account(a, spec["serviceAccountName"])
        automount = spec.get("automountServiceAccountToken")
        if automount is None:
            automount = account.get("automountServiceAccountToken")
        if automount is None or automount:
            _mount_token(spec)
        pull = account.get("imagePullSecrets") or ()
        if not spec.get("imagePullSecrets") and pull:
            spec["imagePullSecrets"] = [{"name": s.get("name", "")} for s in pull]

    async def validate(self, a: Attributes) -> None:
        pod = a.object
        if pod is None:
            return
        spec = pod["spec"]
        if a.operation == CREATE and is_mirror(pod):
            _check_mirror(a, spec)
            return
        name = spec.get("serviceAccountName")
        if not name:
            pod_name = pod["metadata"].get("name", "")
            raise forbidden(a, f"no service account specified for pod {a.namespace}/{pod_name}")
        account = await self._account(a, name)
        if (account["metadata"].get("annotations") or {}).get(ENFORCE_ANNOTATION) not in _TRUE:
            return
        text = _foreign_secret(spec, account, only_ephemeral=a.operation == UPDATE)
        if text:
            raise forbidden(a, text)

    async def _account(self, a: Attributes, name: str) -> Object:
        for attempt in range(_ATTEMPTS if name == DEFAULT_NAME else 1):
            if attempt:
                await self._sleep(_RETRY_SECONDS)
            account = self._lister.get(_ACCOUNTS, a.namespace, name)
            if account is not None:
                return account
        raise forbidden(
            a, f'error looking up service account {a.namespace}/{name}: serviceaccount "{name}" not found'
        )


def _mount_token(spec: Object) -> None:
    volumes = spec.get("volumes") or []
    existing = next((v["name"] for v in volumes if v.get("name", "").startswith(VOLUME_PREFIX)), None)
    volume = existing or generate_name(VOLUME_PREFIX)
    needed = False
    for container in containers(spec, "initContainers", "containers"):
        mounts = container.get("volumeMounts") or []
        if not any(m.get("mountPath") == MOUNT_PATH for m in mounts):
            container["volumeMounts"] = [*mounts, {"name": volume, "readOnly": True, "mountPath": MOUNT_PATH}]
            needed = True
    if needed and existing is None:
        spec["volumes"] = [*volumes, {"name": volume, "projected": _token_volume()}]


def _token_volume() -> dict[str, Any]:
    return {
        "sources": [
            {"serviceAccountToken": {"expirationSeconds": TOKEN_SECONDS, "path": "token"}},
            {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
            {"downwardAPI": {"items": [
                {"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}},
            ]}},
            # named for one distribution, but the kube-apiserver that is the measure adds it to every pod
            {"configMap": {
                "name": "openshift-service-ca.crt", "items": [{"key": "service-ca.crt", "path": "service-ca.crt"}],
            }},
        ],
        "defaultMode": 0o644,
    }


def _check_mirror(a: Attributes, spec: Object) -> None:
    """A mirror pod shows what a kubelet runs from a file; it must not reach into the cluster."""
    if spec.get("serviceAccountName"):
        raise forbidden(a, "a mirror pod may not reference service accounts")
    if any(True for _ in secret_names(spec)):
        raise forbidden(a, "a mirror pod may not reference secrets")
    for volume in spec.get("volumes") or ():
        for source in (volume.get("projected") or {}).get("sources") or ():
            if source.get("serviceAccountToken") is not None:
                raise forbidden(a, "a mirror pod may not use ServiceAccountToken volume projections")


#: Volume sources that name a secret: (source, field of the reference, field of the name).
_VOLUME_SECRETS = (
    ("azureFile", "", "secretName"), ("cephfs", "secretRef", "name"), ("cinder", "secretRef", "name"),
    ("flexVolume", "secretRef", "name"), ("rbd", "secretRef", "name"), ("secret", "", "secretName"),
    ("scaleIO", "secretRef", "name"), ("iscsi", "secretRef", "name"), ("storageos", "secretRef", "name"),
    ("csi", "nodePublishSecretRef", "name"),
)


def secret_names(spec: Object) -> Iterator[str]:
    """Every secret a pod names (upstream: pkg/api/pod/util.go, VisitPodSecretNames)."""
    for reference in spec.get("imagePullSecrets") or ():
        yield reference.get("name", "")
    for container in containers(spec, "initContainers", "containers", "ephemeralContainers"):
        for _, name in _container_secrets(container):
            yield name
    for volume in spec.get("volumes") or ():
        for source, reference, name in _VOLUME_SECRETS:
            found = volume.get(source)
            if found is not None and reference:
                found = found.get(reference)
            if found is not None:
                yield found.get(name, "")
        for projected in (volume.get("projected") or {}).get("sources") or ():
            if projected.get("secret") is not None:
                yield projected["secret"].get("name", "")


def _container_secrets(container: Object) -> Iterator[tuple[str, str]]:
    """(how it is referred to, secret's name) for environment variables."""
    for env in container.get("env") or ():
        reference = (env.get("valueFrom") or {}).get("secretKeyRef")
        if reference is not None:
            yield f"envVar {env.get('name', '')}", reference.get("name", "")
    for source in container.get("envFrom") or ():
        if source.get("secretRef") is not None:
            yield "envFrom", source["secretRef"].get("name", "")


def _foreign_secret(spec: Object, account: Object, *, only_ephemeral: bool) -> str:
    """The text about the first secret that the account does not list, or ""."""
    owner = account["metadata"]["name"]
    own = {s.get("name") for s in account.get("secrets") or ()}
    tail = f"is not allowed because service account {owner} does not reference that secret"
    if not only_ephemeral:
        for volume in spec.get("volumes") or ():
            if volume.get("secret") is not None and volume["secret"].get("secretName", "") not in own:
                return f'volume with secret.secretName="{volume["secret"].get("secretName", "")}" {tail}'
    groups = (("ephemeral container", "ephemeralContainers"),) if only_ephemeral else (
        ("init container", "initContainers"), ("container", "containers"),
    )
    for title, group in groups:
        for container in containers(spec, group):
            for how, name in _container_secrets(container):
                if name not in own:
                    who = f"{title} {container.get('name', '')} with {how}"
                    return f'{who} referencing secret.secretName="{name}" {tail}'
    if only_ephemeral:
        return ""
    pull = {s.get("name") for s in account.get("imagePullSecrets") or ()}
    for i, reference in enumerate(spec.get("imagePullSecrets") or ()):
        if reference.get("name", "") not in pull:
            return (
                f'imagePullSecrets[{i}].name="{reference.get("name", "")}" is not allowed because service account '
                f"{owner} does not reference that imagePullSecret"
            )
    return ""
