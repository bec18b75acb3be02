"""What can be the key of a stored object (upstream: registry/generic/registry, NamespaceKeyFunc)."""

from __future__ import annotations

from pilothouse.apimachinery import status
from pilothouse.apimachinery.field import go_quote
from pilothouse.apimachinery.validation import is_path_segment_name


def check_key(namespaced: bool, namespace: str, name: str) -> None:
    """Raises 400 for a name that cannot be one."""
    if namespaced and not namespace:
        raise status.bad_request("Namespace parameter required.")
    if not name:
        raise status.bad_request("Name parameter required.")
    if texts := is_path_segment_name(name):
        raise status.bad_request(f"Name parameter invalid: {go_quote(name)}: {';'.join(texts)}")
