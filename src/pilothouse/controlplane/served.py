"""Which of the built-in resources are served (upstream: --runtime-config, server/resourceconfig, server/storage).

A setting names all versions (api/all), those of a stage (api/ga, api/beta, api/alpha), a group version ("apps/v1",
"/v1" for the core group) or one of its resources ("apps/v1/deployments"); the narrower one counts. Only stable versions
are on by default. A resource behind a feature gate needs the gate as well.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from pilothouse.apimachinery.gvk import GroupVersion
from pilothouse.registry.kinds import Group
from pilothouse.registry.registered import GROUP_VERSIONS
from pilothouse.registry.rest import Resource

RuntimeConfig = Mapping[str, str]

_GA = re.compile(r"v[0-9]+")
#: In the order in which they are applied: the later one counts.
_MATCHERS = {
    "api/all": re.compile(r".*"),
    "api/ga": _GA,
    "api/beta": re.compile(r"v[0-9]+beta[0-9]+"),
    "api/alpha": re.compile(r"v[0-9]+alpha[0-9]+"),
}
_TRUE = frozenset({"", "1", "t", "T", "TRUE", "true", "True"})
_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})


def stable(version: str) -> bool:
    """Whether `version` is on by default."""
    return _GA.fullmatch(version) is not None


def errors(runtime_config: RuntimeConfig) -> Iterator[str]:
    """What kube-apiserver says about a bad `runtime_config` before it starts; the first error of each step."""
    found = list(_unknown(runtime_config)) or list(_bad_values(runtime_config))
    yield from found[:1]


def _unknown(runtime_config: RuntimeConfig) -> Iterator[str]:
    if runtime_config.get("api/all") == "false" and len(runtime_config) == 1:
        yield "invalid runtime-config with only api/all=false"
        return
    unknown = set()
    for key in runtime_config:
        if key in _MATCHERS:
            continue
        tokens = key.split("/")
        if len(tokens) not in (2, 3):
            yield f"runtime-config invalid key {key}"
            return
        if tokens[0] not in GROUP_VERSIONS:
            unknown.add(str(GroupVersion(tokens[0], tokens[1])))
    if unknown:
        yield f"unknown api groups {','.join(sorted(unknown))}"


def _bad_values(runtime_config: RuntimeConfig) -> Iterator[str]:
    for key in _MATCHERS:
        if runtime_config.get(key, "true") not in ("true", "false"):
            yield f"invalid value {key}={runtime_config[key]}"
    for key, value in runtime_config.items():
        if key in _MATCHERS:
            continue
        group, version, *resource = key.split("/")
        if version not in GROUP_VERSIONS[group]:
            yield f"group version {GroupVersion(group, version)} that has not been registered"
        elif value not in _TRUE and value not in _FALSE:
            yield f'invalid value of {key}: {value}, err: strconv.ParseBool: parsing "{value}": invalid syntax'
        elif resource and resource[0] != resource[0].lower():
            yield (
                f"invalid key {key}: group/version/resource and resource is always lowercase plural, "
                f'not "{resource[0]}"'
            )


def served_groups(
    groups: Iterable[Group], runtime_config: RuntimeConfig, enabled: Callable[[str], bool] = lambda gate: False
) -> list[Group]:
    """Of `groups` what `runtime_config` and the feature gates let through; `enabled` tells whether a gate is."""
    served = []
    for group in groups:
        versions = []
        for version in group.versions:
            resources = tuple(
                resource for resource in version.resources
                if _on(runtime_config, resource) and (not resource.feature_gate or enabled(resource.feature_gate))
            )
            if resources:
                versions.append(replace(version, resources=resources))
        if versions:
            served.append(replace(group, versions=tuple(versions)))
    return served


def _on(runtime_config: RuntimeConfig, resource: Resource) -> bool:
    version = f"{resource.group}/{resource.version}"
    for key in (f"{version}/{resource.name}", version):
        if key in runtime_config:
            return runtime_config[key] in _TRUE
    on = stable(resource.version)
    for key, matcher in _MATCHERS.items():
        if key in runtime_config and matcher.fullmatch(resource.version):
            on = runtime_config[key] == "true"
    return on
