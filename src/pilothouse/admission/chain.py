"""The admission chain (upstream: pkg/kubeapiserver/options/plugins.go, k8s.io/apiserver pkg/admission/chain.go).

Where it stands in a write (upstream: endpoints/handlers/create.go, update.go, patch.go, delete.go):

- create: decode and default → drop system fields (`registry.writing.wipe_system_fields`), namespace check →
  field management (`UpdateNoErrors` against an empty object) → **mutating admission** → store: strategy's
  `prepare_for_create`, validation → **validating admission** → storage. Managed fields are worked out *before*
  mutating admission; upstream wraps admission so that plugins that break managedFields have their change to it
  undone, and what plugins add belongs to nobody until the next update.
- update: in the updater, given the newest object: decode and default → field management (`Update` with the
  live object) → **mutating admission** (UPDATE with the live object as old; CREATE when nothing is there) →
  store as above.
- patch and apply: patch or apply the live object, which includes field management → default → **mutating admission**.
- delete: the store calls **mutating and validating admission**, one after the other, with the object as it stands
  (`Chain.deletion`), after preconditions and before anything is written.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Final

from pilothouse.admission.interface import (
    Attributes,
    Lister,
    MutationInterface,
    Object,
    Plugin,
    Validation,
    ValidationInterface,
)
from pilothouse.admission.steps import ADMIT, VALIDATE, Steps
from pilothouse.apimachinery.gvk import GroupResource


@dataclass(frozen=True, slots=True)
class Known:
    """A plugin by name. `factory` is "module:Class" below `admission.plugins`, or "" for one that is not there."""

    name: str
    default: bool
    factory: str = ""


#: Every plugin of kube-apiserver in its fixed order.
PLUGINS: Final = (
    Known("AlwaysAdmit", False),
    Known("NamespaceAutoProvision", False),
    Known("NamespaceLifecycle", True, "namespacelifecycle:NamespaceLifecycle"),
    Known("NamespaceExists", False),
    Known("LimitPodHardAntiAffinityTopology", False),
    Known("LimitRanger", True, "limitranger:LimitRanger"),
    Known("ServiceAccount", True, "serviceaccount:ServiceAccount"),
    Known("NodeRestriction", False, "noderestriction:NodeRestriction"),
    Known("TaintNodesByCondition", True, "nodetaint:TaintNodesByCondition"),
    Known("AlwaysPullImages", False),
    Known("ImagePolicyWebhook", False),
    Known("PodSecurity", True, "podsecurity:PodSecurity"),
    Known("PodNodeSelector", False),
    Known("Priority", True, "priority:Priority"),
    Known("DefaultTolerationSeconds", True, "tolerationseconds:DefaultTolerationSeconds"),
    Known("PodTolerationRestriction", False),
    Known("EventRateLimit", False),
    Known("ExtendedResourceToleration", False),
    Known("DefaultStorageClass", True, "storageclass:DefaultStorageClass"),
    Known("StorageObjectInUseProtection", True, "storageprotection:StorageObjectInUseProtection"),
    Known("PodGroupProtection", True),
    Known("OwnerReferencesPermissionEnforcement", False),
    Known("PersistentVolumeClaimResize", True, "volumeresize:PersistentVolumeClaimResize"),
    Known("RuntimeClass", True, "runtimeclass:RuntimeClass"),
    Known("CertificateApproval", True),
    Known("CertificateSigning", True),
    Known("ClusterTrustBundleAttest", True),
    Known("CertificateSubjectRestriction", True, "certificates:CertificateSubjectRestriction"),
    Known("DefaultIngressClass", True, "ingressclass:DefaultIngressClass"),
    Known("DenyServiceExternalIPs", False),
    Known("PodTopologyLabels", True, "topologylabels:PodTopologyLabels"),
    Known("PodGroupWorkloadExists", True),
    Known("NodeDeclaredFeatureValidator", True, "podresize:NodeDeclaredFeatureValidator"),
    Known("JobValidation", True),
    Known("PodResizeValidator", True, "podresize:PodResizeValidator"),
    Known("MutatingAdmissionPolicy", True),
    Known("MutatingAdmissionWebhook", True),
    Known("ValidatingAdmissionPolicy", True),
    Known("ValidatingAdmissionWebhook", True),
    Known("ResourceQuota", True),
    Known("AlwaysDeny", False),
)
_NAMES = frozenset(p.name for p in PLUGINS)


def enabled_plugins(enable: Sequence[str] = (), disable: Sequence[str] = ()) -> list[Known]:
    """The plugins that are on, in order. Raises ValueError with one line for each thing wrong with the flags."""
    errors = [
        f"{flag}: {name!r} is not a known admission plugin"
        for flag, names in (("enable-admission-plugins", enable), ("disable-admission-plugins", disable))
        for name in names if name not in _NAMES
    ]
    errors.extend(f"{name} in enable-admission-plugins and disable-admission-plugins overlapped"
                  for name in enable if name in disable)
    errors.extend(f"enable-admission-plugins: {p.name} is not supported yet"
                  for p in PLUGINS if p.name in enable and not p.default and not p.factory)
    if errors:
        raise ValueError("\n".join(errors))
    return [p for p in PLUGINS if (p.default or p.name in enable) and p.name not in disable]


def build(
    lister: Lister, *, enable: Sequence[str] = (), disable: Sequence[str] = (),
    extra: Mapping[str, Plugin] | None = None,
) -> "Chain":
    """The chain that the flags ask for. `extra` supplies plugins by name that need more than a lister: ResourceQuota
    (`plugins.resourcequota`), CertificateApproval and CertificateSigning (`plugins.certificates`)."""
    made: list[Plugin] = []
    for known in enabled_plugins(enable, disable):
        if extra and known.name in extra:
            made.append(extra[known.name])
        elif known.factory:
            module, _, name = known.factory.partition(":")
            factory: Callable[[Lister], Plugin] = getattr(import_module(f"pilothouse.admission.plugins.{module}"), name)
            made.append(factory(lister))
    return Chain(made)


class Route:
    """The plugins that care about one (operation, resource, subresource), in order."""

    __slots__ = ("mutators", "validators")

    def __init__(self, operation: str, plugins: Sequence[Plugin]) -> None:
        self.mutators = Steps(
            ADMIT, operation, [(type(p).__name__, p.admit) for p in plugins if isinstance(p, MutationInterface)]
        )
        self.validators = Steps(
            VALIDATE, operation, [(type(p).__name__, p.validate) for p in plugins if isinstance(p, ValidationInterface)]
        )


class Chain:
    """All plugins in order. A request pays only for those that care about its resource."""

    def __init__(self, plugins: Sequence[Plugin]) -> None:
        self._plugins = tuple(plugins)
        self._routes: dict[tuple[str, GroupResource, str], Route] = {}

    def route(self, operation: str, resource: GroupResource, subresource: str = "") -> Route:
        """Worked out once; handlers may keep it."""
        key = (operation, resource, subresource)
        route = self._routes.get(key)
        if route is None:
            route = self._routes[key] = Route(operation, [p for p in self._plugins if p.handles(*key)])
        return route

    async def admit(self, a: Attributes) -> None:
        """Mutating admission: changes `a.object` in place. Raises StatusError."""
        await self.route(a.operation, a.resource, a.subresource).mutators(a)

    async def validate(self, a: Attributes) -> None:
        await self.route(a.operation, a.resource, a.subresource).validators(a)

    def validation(self, a: Attributes) -> Validation | None:
        """Validating admission of a create or update for the storage to call, or None when nobody cares.

        The storage's objects take the place of those in `a`, which is otherwise what was admitted.
        """
        validators = self.route(a.operation, a.resource, a.subresource).validators
        if not validators:
            return None

        named = a.name

        async def validation(obj: Object | None, old: Object | None) -> None:
            a.object, a.old_object = obj, old
            if not named and obj is not None:
                # by now a name has been generated, maybe another than at the last try
                a.name = obj["metadata"].get("name", "")
            await validators(a)

        return validation

    def deletion(self, a: Attributes) -> Validation | None:
        """Mutating and validating admission of a delete, for the storage to call."""
        route = self.route(a.operation, a.resource, a.subresource)
        if not route.mutators and not route.validators:
            return None

        async def deletion(obj: Object | None, old: Object | None) -> None:
            a.object, a.old_object = obj, old
            await route.mutators(a)
            await route.validators(a)

        return deletion
