"""All built-in API groups, in the order of /apis: by falling priority, then by name.

A group that is not listed here is not served; a kind is added in its group's folder alone.
"""

from pilothouse.registry.admissionregistration.resources import build as admissionregistration
from pilothouse.registry.apiextensions.resources import build as apiextensions
from pilothouse.registry.apiregistration.resources import build as apiregistration
from pilothouse.registry.apiserverinternal.resources import build as apiserverinternal
from pilothouse.registry.apps.resources import build as apps
from pilothouse.registry.authentication.resources import build as authentication
from pilothouse.registry.authorization.resources import build as authorization
from pilothouse.registry.autoscaling.resources import build as autoscaling
from pilothouse.registry.batch.resources import build as batch
from pilothouse.registry.certificates.resources import build as certificates
from pilothouse.registry.coordination.resources import build as coordination
from pilothouse.registry.core.resources import build as core
from pilothouse.registry.dependencies import Dependencies
from pilothouse.registry.discovery.resources import build as discovery
from pilothouse.registry.events.resources import build as events
from pilothouse.registry.flowcontrol.resources import build as flowcontrol
from pilothouse.registry.kinds import Group
from pilothouse.registry.networking.resources import build as networking
from pilothouse.registry.node.resources import build as node
from pilothouse.registry.policy.resources import build as policy
from pilothouse.registry.rbac.resources import build as rbac
from pilothouse.registry.resource.resources import build as resource
from pilothouse.registry.scheduling.resources import build as scheduling
from pilothouse.registry.storage.resources import build as storage
from pilothouse.registry.storagemigration.resources import build as storagemigration

_BUILDERS = (
    core,
    apiregistration,
    apps,
    events,
    authentication,
    authorization,
    autoscaling,
    batch,
    certificates,
    networking,
    policy,
    rbac,
    storage,
    admissionregistration,
    apiextensions,
    scheduling,
    coordination,
    node,
    discovery,
    resource,
    flowcontrol,
    apiserverinternal,
    storagemigration,
)


def build(dependencies: Dependencies) -> tuple[Group, ...]:
    """Every group with its resources, bound to `dependencies`. Call it once for each server."""
    return tuple(builder(dependencies) for builder in _BUILDERS)
