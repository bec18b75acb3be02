"""Many OpenAPI v2 documents as one (upstream: kube-openapi pkg/aggregator).

A document is kept as a `Packed`: each of its paths, definitions and parameters encoded by itself, so that the whole is
joined from bytes, and nothing large is ever decoded or encoded in one go. Of two that name the same path, the first
one's counts; definitions and parameters that are not the same are renamed, "_v2" and so on, in the later one.
"""

from __future__ import annotations

import marshal
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from pilothouse.endpoints.openapi import gnostic

_GVKS = "x-kubernetes-group-version-kind"
_REFERENCE = re.compile(rb'"\$ref":"#/(definitions|parameters)/([^"]+)"')
_PACKING = 3


class Fragment(NamedTuple):
    """A named piece of a document: its JSON, and its entry in the protobuf form, b"" while that is not made."""

    json: bytes
    protobuf: bytes = b""


Fragments = dict[str, Fragment]
_Entry = Callable[[str, Mapping[str, Any]], bytes]
_SORTS: tuple[tuple[str, _Entry], ...] = (
    ("paths", gnostic.path_entry), ("definitions", gnostic.definition_entry), ("parameters", gnostic.parameter_entry),
)


@dataclass(frozen=True, slots=True)
class Part:
    """`head` holds what is neither path nor definition nor parameter; it counts only in the first part."""

    head: Mapping[str, Any]
    paths: Fragments
    definitions: Fragments
    parameters: Fragments


class Packed:
    """A document, compressed. Its protobuf form is made by `encode`, for those who ask for it."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        head = {key: value for key, value in document.items() if key not in dict(_SORTS)}
        self._json = _pack([orjson.dumps(head), *(
            {name: orjson.dumps(value) for name, value in (document.get(sort) or {}).items()} for sort, _ in _SORTS
        )])
        self._protobuf = b""

    def encode(self) -> None:
        """Make the protobuf form. Raises TypeError, AttributeError, KeyError or ValueError for values of other types
        than theirs."""
        if not self._protobuf:
            _, *sorts = marshal.loads(zlib.decompress(self._json))
            self._protobuf = _pack([
                {name: entry(name, orjson.loads(data)) for name, data in fragments.items()}
                for fragments, (_, entry) in zip(sorts, _SORTS, strict=True)
            ])

    def part(self, *, protobuf: bool = False) -> Part:
        """What was packed; with `protobuf`, also that form, as far as it is made."""
        head, *sorts = marshal.loads(zlib.decompress(self._json))
        made = marshal.loads(zlib.decompress(self._protobuf)) if protobuf and self._protobuf else ({}, {}, {})
        paths, definitions, parameters = (
            {name: Fragment(data, known.get(name, b"")) for name, data in fragments.items()}
            for fragments, known in zip(sorts, made, strict=True)
        )
        return Part(orjson.loads(head), paths, definitions, parameters)


def check(document: Mapping[str, Any]) -> None:
    """Raises ValueError for a document whose parts have other types than OpenAPI v2's."""
    try:
        Packed(document).encode()
    except (AttributeError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"no OpenAPI v2 document: {error!r}") from None


def _pack(plain: list[Any]) -> bytes:
    return zlib.compress(marshal.dumps(plain), _PACKING)


class Merged:
    """What `parts` are together."""

    def __init__(self, parts: Iterable[Part]) -> None:
        self.head: Mapping[str, Any] = {"swagger": "2.0", "info": {"title": "Kubernetes", "version": ""}}
        self.paths: Fragments = {}
        self.definitions: Fragments = {}
        self.parameters: Fragments = {}
        self._same: dict[tuple[bytes, bytes], bool] = {}
        for number, part in enumerate(parts):
            if number == 0:
                self.head = part.head
            self.add(part)

    def add(self, part: Part) -> None:
        paths = {path: fragment for path, fragment in part.paths.items() if path not in self.paths}
        if not paths:
            return
        definitions, parameters = part.definitions, part.parameters
        if len(paths) < len(part.paths):
            definitions, parameters = _used(paths, definitions), _used(paths, parameters)
        names = {
            b"definitions": self._renames(self.definitions, definitions, self._same_definition),
            b"parameters": self._renames(self.parameters, parameters, lambda old, new: old == new),
        }
        if any(names.values()):
            paths = _renamed(paths, names, {})
            definitions = _renamed(definitions, names, names[b"definitions"])
            parameters = _renamed(parameters, names, names[b"parameters"])
        self.paths |= paths
        for name, fragment in definitions.items():
            known = self.definitions.get(name)
            self.definitions[name] = fragment if known is None else _with_kinds_of(known, fragment)
        for name, fragment in parameters.items():
            self.parameters.setdefault(name, fragment)

    def _renames(
        self, known: Fragments, new: Fragments, same: Callable[[bytes, bytes], bool]
    ) -> dict[bytes, bytes]:
        """New names for those of `new` that mean something else in `known`."""
        renames: dict[bytes, bytes] = {}
        taken: set[str] = set()
        for name, fragment in new.items():
            old = known.get(name)
            if old is None or old.json == fragment.json or same(old.json, fragment.json):
                continue
            number = 2
            while True:
                candidate = f"{name}_v{number}"
                other = known.get(candidate)
                if other is None and candidate not in taken and candidate not in new:
                    break
                if other is not None and same(other.json, fragment.json):
                    break
                number += 1
            taken.add(candidate)
            renames[name.encode()] = candidate.encode()
        return renames

    def _same_definition(self, old: bytes, new: bytes) -> bool:
        """Whether they differ in the kinds that they are listed for, at most."""
        found = self._same.get((old, new))
        if found is None:
            first, second = orjson.loads(old), orjson.loads(new)
            first.pop(_GVKS, None)
            second.pop(_GVKS, None)
            found = self._same[old, new] = first == second
        return found

    def json(self) -> Iterator[bytes]:
        """The document, in pieces."""
        head = dict(self.head)
        separator = b"{"
        for key in ("swagger", "info"):
            if key in head:
                yield separator + _member(key, orjson.dumps(head.pop(key)))
                separator = b","
        for key, fragments in self._sorts():
            yield separator + orjson.dumps(key) + b":{"
            separator = b""
            for name in sorted(fragments):
                yield separator + _member(name, fragments[name].json)
                separator = b","
            yield b"}"
            separator = b","
        for key, value in head.items():
            yield b"," + _member(key, orjson.dumps(value))
        yield b"}"

    def protobuf(self) -> Iterator[bytes]:
        """The document as gnostic's openapi.v2.Document, in pieces. Raises what `Packed.encode` raises."""
        sorts = [
            [fragments[name].protobuf or entry(name, orjson.loads(fragments[name].json)) for name in sorted(fragments)]
            for (_, fragments), (_, entry) in zip(self._sorts(), _SORTS, strict=True)
        ]
        return gnostic.assemble(self.head, *sorts)

    def _sorts(self) -> tuple[tuple[str, Fragments], ...]:
        return ("paths", self.paths), ("definitions", self.definitions), ("parameters", self.parameters)


def _member(name: str, value: bytes) -> bytes:
    return orjson.dumps(name) + b":" + value


def _used(paths: Fragments, fragments: Fragments) -> Fragments:
    """Those of `fragments` that `paths` need, directly or not."""
    found: Fragments = {}
    waiting = [fragment.json for fragment in paths.values()]
    while waiting:
        for _, reference in _REFERENCE.findall(waiting.pop()):
            name = reference.decode()
            if name not in found and name in fragments:
                found[name] = fragments[name]
                waiting.append(fragments[name].json)
    return found


def _renamed(
    fragments: Fragments, names: Mapping[bytes, Mapping[bytes, bytes]], own: Mapping[bytes, bytes]
) -> Fragments:
    """`fragments` with references by their new `names`, and new names of their `own`."""

    def reference(match: re.Match[bytes]) -> bytes:
        sort, name = match.groups()
        return b'"$ref":"#/%b/%b"' % (sort, names[sort].get(name, name))

    found: Fragments = {}
    for old, fragment in fragments.items():
        name = own.get(old.encode(), old.encode()).decode()
        text = _REFERENCE.sub(reference, fragment.json)
        found[name] = fragment if text == fragment.json and name == old else Fragment(text)
    return found


def _with_kinds_of(known: Fragment, new: Fragment) -> Fragment:
    """`known`, listed also for the kinds that `new` is listed for."""
    if known.json == new.json or _GVKS.encode() not in new.json:
        return known
    value = orjson.loads(known.json)
    listed = list(value.get(_GVKS) or ())
    more = [kind for kind in orjson.loads(new.json).get(_GVKS) or () if kind not in listed]
    if not more:
        return known
    value[_GVKS] = sorted([*listed, *more], key=lambda kind: "{group}/{version}.{kind}".format_map(kind))
    return Fragment(orjson.dumps(value))
