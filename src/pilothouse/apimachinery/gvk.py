"""Names of kinds and resources (upstream: k8s.io/apimachinery pkg/runtime/schema)."""

from typing import NamedTuple


class GroupVersion(NamedTuple):
    """An API group and version. The core group is ""."""

    group: str
    version: str

    def __str__(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @classmethod
    def parse(cls, text: str) -> "GroupVersion":
        """Parse "v1" or "apps/v1". Raises ValueError with upstream's wording for more than one slash."""
        if not text or text == "/":
            return cls("", "")
        match text.split("/"):
            case [version]:
                return cls("", version)
            case [group, version]:
                return cls(group, version)
        raise ValueError(f"unexpected GroupVersion string: {text}")


class GroupKind(NamedTuple):
    group: str
    kind: str

    def __str__(self) -> str:
        return f"{self.kind}.{self.group}" if self.group else self.kind


class GroupResource(NamedTuple):
    group: str
    resource: str

    def __str__(self) -> str:
        return f"{self.resource}.{self.group}" if self.group else self.resource


class GroupVersionKind(NamedTuple):
    group: str
    version: str
    kind: str

    def __str__(self) -> str:
        return f"{self.group}/{self.version}, Kind={self.kind}"

    @property
    def group_kind(self) -> GroupKind:
        return GroupKind(self.group, self.kind)

    @property
    def group_version(self) -> GroupVersion:
        return GroupVersion(self.group, self.version)

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version


class GroupVersionResource(NamedTuple):
    group: str
    version: str
    resource: str

    def __str__(self) -> str:
        return f"{self.group}/{self.version}, Resource={self.resource}"

    @property
    def group_resource(self) -> GroupResource:
        return GroupResource(self.group, self.resource)
