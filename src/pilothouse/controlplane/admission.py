"""The admission chain of the server, with the plugins that need more than what is stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pilothouse.admission import chain
from pilothouse.apimachinery.gvk import GroupResource
from pilothouse.authorization.interface import Attributes, AuthorizationError, Decision
from pilothouse.registry.certificates.access import may
from pilothouse.registry.statuswriter import StatusWriter

if TYPE_CHECKING:
    from pilothouse.admission.interface import Lister, Plugin
    from pilothouse.admission.plugins.certificates import MaySign
    from pilothouse.apimachinery.http import Context
    from pilothouse.authorization.interface import Authorizer
    from pilothouse.options.options import Options
    from pilothouse.registry.store import Store

_QUOTAS = GroupResource("", "resourcequotas")


def build(
    options: Options, lister: Lister, stores: Mapping[GroupResource, Store], authorizer: Authorizer
) -> chain.Chain:
    """Raises ValueError for flags that name no plugin."""
    from pilothouse.admission.plugins.certificates import (
        CertificateApproval,
        CertificateSigning,
        ClusterTrustBundleAttest,
    )
    from pilothouse.admission.plugins.resourcequota import ResourceQuota

    may_sign = _asks(authorizer)
    enabled = options.admission.enable_admission_plugins
    extra: dict[str, Plugin] = {
        "CertificateApproval": CertificateApproval(may_sign),
        "CertificateSigning": CertificateSigning(may_sign),
        "ClusterTrustBundleAttest": ClusterTrustBundleAttest(may_sign),
        "ResourceQuota": ResourceQuota(lister, StatusWriter(stores[_QUOTAS])),
    }
    if options.feature_gates.enabled("GenericWorkload"):
        extra |= _pod_groups(lister)
    if "NodeRestriction" in enabled:
        extra["NodeRestriction"] = _node_restriction(options, lister, authorizer)
    return chain.build(
        lister, enable=enabled, disable=options.admission.disable_admission_plugins, extra=extra
    )


def _pod_groups(lister: Lister) -> dict[str, Plugin]:
    from pilothouse.admission.plugins.podgroups import JobValidation, PodGroupProtection, PodGroupWorkloadExists

    return {
        "PodGroupProtection": PodGroupProtection(), "PodGroupWorkloadExists": PodGroupWorkloadExists(lister),
        "JobValidation": JobValidation(lister),
    }


def _node_restriction(options: Options, lister: Lister, authorizer: Authorizer) -> Plugin:
    from pilothouse.admission.plugins.noderestriction import NodeRestriction, Settings
    from pilothouse.registry.internal import internal_diff

    async def may_request_audience(context: Context, audience: str, namespace: str, account: str) -> tuple[bool, str]:
        asked = Attributes(
            context.user, "request-serviceaccounts-token-audience", api_version="v1", namespace=namespace,
            resource=audience, name=account,
        )
        try:
            decision, _ = await authorizer.authorize(asked)
        except AuthorizationError as error:
            return False, str(error)
        return decision is Decision.ALLOW, ""

    enabled = options.feature_gates.enabled
    return NodeRestriction(lister, Settings(
        may_request_audience=may_request_audience if enabled("ServiceAccountNodeAudienceRestriction") else None,
        any_signing_request=enabled("AllowInsecureKubeletCertificateSigningRequests"),
        pod_certificates=enabled("PodCertificateRequest"),
        claim_diff=lambda old, new: internal_diff("core.PersistentVolumeClaim", old, new),
    ))


def _asks(authorizer: Authorizer) -> MaySign:
    async def may_sign(context: Context, verb: str, name: str) -> bool:
        return await may(authorizer, context.user, verb, name)

    return may_sign
