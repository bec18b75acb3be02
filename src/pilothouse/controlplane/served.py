"""Which of the built-in group versions are served (upstream: --runtime-config, server/resourceconfig)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from pilothouse.registry.kinds import Group


def served_groups(groups: Iterable[Group], runtime_config: Mapping[str, str]) -> list[Group]:
    """`runtime_config` maps "api/all", "apps/v1" (or "v1" for the core group) to "true" or "false"."""
    everything = runtime_config.get("api/all", "true") != "false"
    served = []
    for group in groups:
        versions = tuple(
            version for version in group.versions
            if _on(runtime_config.get(f"{group.name}/{version.version}" if group.name else version.version), everything)
        )
        if versions:
            served.append(replace(group, versions=versions))
    return served


def _on(setting: str | None, default: bool) -> bool:
    return default if setting is None else setting != "false"
