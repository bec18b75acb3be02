"""What resource names say (upstream: pkg/apis/core/helper)."""

from functools import lru_cache

from pilothouse.apimachinery.quantity import QuantityError
from pilothouse.apimachinery.validation import is_qualified_name
from pilothouse.registry.core.amounts import parsed

HUGE_PAGES = "hugepages-"
_REQUESTS = "requests."
_NATIVE_DOMAIN = "kubernetes.io/"
_CONTAINER = frozenset({"cpu", "memory", "ephemeral-storage"})
_COUNTS = frozenset({
    "pods", "resourcequotas", "services", "replicationcontrollers", "secrets", "configmaps",
    "persistentvolumeclaims", "services.nodeports", "services.loadbalancers",
})
_STANDARD = _COUNTS | _CONTAINER | {
    "requests.cpu", "requests.memory", "requests.ephemeral-storage", "limits.cpu", "limits.memory",
    "limits.ephemeral-storage", "storage", "requests.storage",
}


def is_huge_pages(name: str) -> bool:
    return name.startswith(HUGE_PAGES)


def is_native(name: str) -> bool:
    """Kubernetes' own: without a domain, or with kubernetes.io."""
    return "/" not in name or _NATIVE_DOMAIN in name


def is_overcommit_allowed(name: str) -> bool:
    return is_native(name) and not is_huge_pages(name)


@lru_cache(maxsize=1024)
def is_extended(name: str) -> bool:
    return not is_native(name) and not name.startswith(_REQUESTS) and not is_qualified_name(_REQUESTS + name)


def is_integer(name: str) -> bool:
    """Whether amounts of it are whole numbers."""
    return name in _COUNTS or is_extended(name)


def is_standard(name: str) -> bool:
    return name in _STANDARD or name.startswith((HUGE_PAGES, _REQUESTS + HUGE_PAGES))


@lru_cache(maxsize=1024)
def is_resource_name(name: str) -> tuple[str, ...]:
    """Texts of what is wrong with the name of any resource."""
    texts = tuple(is_qualified_name(name))
    if not texts and "/" not in name and not is_standard(name):
        return ("must be a standard resource type or fully qualified",)
    return texts


@lru_cache(maxsize=1024)
def is_container_resource_name(name: str) -> tuple[str, ...]:
    texts = is_resource_name(name)
    if "/" not in name:
        if name not in _CONTAINER and not is_huge_pages(name):
            return (*texts, "must be a standard resource for containers")
    elif not is_native(name) and not is_extended(name):
        return (*texts, "doesn't follow extended resource name standard")
    return texts


@lru_cache(maxsize=1024)
def is_divisible_by_page(name: str, amount: str) -> bool:
    """Whether an amount of huge pages is a number of whole pages."""
    try:
        size = parsed(name.removeprefix(HUGE_PAGES))
    except QuantityError:
        return False
    if size.sign() <= 0 or size.milli_value() % 1000:
        return False
    return parsed(amount).value() % size.value() == 0
