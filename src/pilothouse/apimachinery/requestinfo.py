"""What a URL asks for (upstream: k8s.io/apiserver pkg/endpoints/request/requestinfo.go)."""

from dataclasses import dataclass


@dataclass(slots=True)
class RequestInfo:
    """The API's reading of method and path.

    For non-resource requests only `is_resource_request`, `path` and `verb` (lower-case method) are set.
    `field_selector`/`label_selector` are the raw query texts of list, watch and deletecollection.
    """

    is_resource_request: bool
    path: str
    verb: str
    api_prefix: str = ""
    api_group: str = ""
    api_version: str = ""
    namespace: str = ""
    resource: str = ""
    subresource: str = ""
    name: str = ""
    parts: tuple[str, ...] = ()
    field_selector: str = ""
    label_selector: str = ""
    long_running: bool = False
