"""What clients are warned of in the volumes of pods (upstream: pkg/api/pod/warnings.go)."""

from __future__ import annotations

import re
from bisect import bisect_left, insort
from collections.abc import Iterator, Sequence

from pilothouse.apimachinery.field import go_quote
from pilothouse.registry.core.volume_claim_validation import claim_spec_warnings
from pilothouse.registry.remembered import Good
from pilothouse.registry.rules import Obj

#: By field: what is shown as its path, and the warning; in upstream's order.
_DEPRECATED = {
    "photonPersistentDisk": ("photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"),
    "gitRepo": ("gitRepo", "deprecated in v1.11, and disabled by default in v1.33+"),
    "scaleIO": ("scaleIO", "deprecated in v1.16, non-functional in v1.22+"),
    "flocker": ("flocker", "deprecated in v1.22, non-functional in v1.25+"),
    "storageos": ("storageOS", "deprecated in v1.22, non-functional in v1.25+"),
    "quobyte": ("quobyte", "deprecated in v1.22, non-functional in v1.25+"),
    "glusterfs": ("glusterfs", "deprecated in v1.25, non-functional in v1.26+"),
    "cephfs": ("cephfs", "deprecated in v1.28, non-functional in v1.31+"),
    "rbd": ("rbd", "deprecated in v1.28, non-functional in v1.31+"),
}
#: Paths of a pod's certificate, and what is written there, in upstream's order.
_CERTIFICATE_PATHS = (
    ("certificateChainPath", "chain"), ("keyPath", "key"), ("credentialBundlePath", "credential bundle"),
)
#: More overlaps than headers have room for.
_MOST_OVERLAPS = 100
_slashes = re.compile("/").finditer
#: A path in a volume and what puts a file there ("" where the volume has one source only).
_Place = tuple[str, str]


def volume_warnings(volumes: Sequence[Obj], at: str) -> Iterator[str]:
    """`at` is the path of the pod spec."""
    for i, volume in enumerate(volumes):
        for key in volume:
            if key in _DEPRECATED:
                shown, text = _DEPRECATED[key]
                yield f"{at}.volumes[{i}].{shown}: {text}"
        template = (volume.get("ephemeral") or {}).get("volumeClaimTemplate")
        if template is not None:
            path = f"{at}.volumes[{i}].ephemeral.volumeClaimTemplate.spec"
            yield from claim_spec_warnings(template.get("spec") or {}, path)
    for volume in volumes:
        yield from _overlaps(volume)


_good = Good()
"""Projected sources without anything to warn of."""


def _overlaps(volume: Obj) -> Iterator[str]:
    """Files that hide each other."""
    for key, kind, name in (
        ("configMap", "ConfigMap", "name"), ("secret", "Secret", "secretName"), ("downwardAPI", "DownwardAPI", ""),
    ):
        source = volume.get(key)
        if source and source.get("items"):
            shown = f"{kind} {go_quote(source.get(name) or '')}" if name else kind
            yield from _colliding(volume, shown, [(item.get("path") or "", "") for item in source["items"]])
    if (projected := volume.get("projected")) is not None and (known := _good.key(projected)) not in _good:
        warnings = [*_projected_overlaps(volume, projected)]
        yield from warnings
        if not warnings:
            _good.add(known)


def _projected_overlaps(volume: Obj, projected: Obj) -> Iterator[str]:
    places: list[_Place] = []
    for source in projected.get("sources") or ():
        if not source:
            yield f"volume {go_quote(volume.get('name') or '')} (Projected) has no sources provided"
        places += _projected(source)
    yield from _colliding(volume, "Projected", places)


def _projected(source: Obj) -> list[_Place]:
    for key, kind in (("configMap", "ConfigMap"), ("secret", "Secret"), ("downwardAPI", "DownwardAPI")):
        part = source.get(key)
        if part is not None and part.get("items"):
            shown = kind if key == "downwardAPI" else f"{kind} {go_quote(part.get('name') or '')}"
            return [(item.get("path") or "", shown) for item in part["items"]]
    if (token := source.get("serviceAccountToken")) is not None:
        return [(token.get("path") or "", "ServiceAccountToken")]
    certificate = source.get("podCertificate") or {}
    return [
        (certificate[name], f"PodCertificate {shown}") for name, shown in _CERTIFICATE_PATHS if certificate.get(name)
    ]


def _colliding(volume: Obj, what: str, places: Sequence[_Place]) -> Iterator[str]:
    told: set[str] = set()
    known = _Places()
    for path, source in places:
        place = (path.rstrip("/"), source)
        if not place[0]:
            continue
        for other in known.overlapping(place):
            name = go_quote(volume.get("name") or "")
            text = f"volume {name} ({what}): overlapping paths: {_shown(place)} with {_shown(other)}"
            if text not in told:
                told.add(text)
                yield text
        if len(told) >= _MOST_OVERLAPS:
            return
        known.add(place)


class _Places:
    """Places, found by their paths, which end with "/" here. Equal ones are known once."""

    def __init__(self) -> None:
        self._count = 0
        self._ordered: list[str] = []
        self._lengths: set[int] = set()
        self._at: dict[str, dict[_Place, int]] = {}
        """Path → the places there, with their numbers in the order in which they came."""

    def add(self, place: _Place) -> None:
        path = place[0] + "/"
        there = self._at.get(path)
        if there is None:
            there = self._at[path] = {}
            self._lengths.add(len(path))
            insort(self._ordered, path)
        there.setdefault(place, self._count)
        self._count += 1

    def overlapping(self, place: _Place) -> list[_Place]:
        """Those with the place's path, above it or within it, in order."""
        path = place[0] + "/"
        found: dict[_Place, int] = {}
        for slash in _slashes(path):
            if (end := slash.end()) in self._lengths:
                found |= self._at.get(path[:end], {})
        for i in range(bisect_left(self._ordered, path), len(self._ordered)):
            if not self._ordered[i].startswith(path):
                break
            found |= self._at[self._ordered[i]]
        return sorted(found, key=found.__getitem__)


def _shown(place: _Place) -> str:
    path, source = place
    return f"{go_quote(path)} ({source})" if source else go_quote(path)
