"""Many OpenAPI v2 documents as one (upstream: kube-openapi pkg/aggregator).

A document is kept as a `Part`: each of its paths, definitions and parameters encoded by itself, so that the whole is
joined from bytes, and nothing large is ever decoded or encoded in one go. Of two that name the same path, the first
part's counts; definitions and parameters that are not the same are renamed, "_v2" and so on, in the later part.
"""

from __future__ import annotations

import marshal
import re
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from pilothouse.endpoints.openapi import gnostic

_GVKS = "x-kubernetes-group-version-kind"
_REFERENCE = re.compile(rb'"\$ref":"#/(definitions|parameters)/([^"]+)"')
_PACKING = 3


class Fragment(NamedTuple):
    """A named piece of a document: its JSON, and its entry in the protobuf form."""

    json: bytes
    protobuf: bytes


Fragments = dict[str, Fragment]
_Entry = Callable[[str, Mapping[str, Any]], bytes]


@dataclass(frozen=True, slots=True)
class Part:
    """`head` holds what is neither path nor definition nor parameter; it counts only in the first part."""

    head: Mapping[str, Any]
    paths: Fragments
    definitions: Fragments
    parameters: Fragments

    def pack(self) -> bytes:
        """Compressed, to be kept."""
        fragments = [{name: (f.json, f.protobuf) for name, f in sort.items()}
                     for sort in (self.paths, self.definitions, self.parameters)]
        plain: list[Any] = [orjson.dumps(self.head), *fragments]
        return zlib.compress(marshal.dumps(plain), _PACKING)

    @classmethod
    def unpack(cls, data: bytes) -> Part:
        """The inverse of `pack`; never for bytes from anywhere else."""
        head, *fragments = marshal.loads(zlib.decompress(data))
        paths, definitions, parameters = (
            {name: Fragment(*pair) for name, pair in plain.items()} for plain in fragments
        )
        return cls(orjson.loads(head), paths, definitions, parameters)


def split(document: Mapping[str, Any]) -> Part:
    """A document (`v2.document`, or one that was downloaded) as a part."""
    head = {key: value for key, value in document.items() if key not in ("paths", "definitions", "parameters")}
    return Part(
        head, _encoded(document.get("paths"), gnostic.path_entry),
        _encoded(document.get("definitions"), gnostic.definition_entry),
        _encoded(document.get("parameters"), gnostic.parameter_entry),
    )


def _encoded(values: Mapping[str, Any] | None, entry: _Entry) -> Fragments:
    return {name: Fragment(orjson.dumps(value), entry(name, value)) for name, value in (values or {}).items()}


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
            paths = _renamed(paths, names, {}, gnostic.path_entry)
            definitions = _renamed(definitions, names, names[b"definitions"], gnostic.definition_entry)
            parameters = _renamed(parameters, names, names[b"parameters"], gnostic.parameter_entry)
        self.paths |= paths
        for name, fragment in definitions.items():
            known = self.definitions.get(name)
            self.definitions[name] = fragment if known is None else _with_kinds_of(known, fragment, name)
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

    def json(self) -> bytes:
        """The document."""
        head = dict(self.head)
        start = b",".join(_member(key, orjson.dumps(head.pop(key))) for key in ("swagger", "info") if key in head)
        body = [start]
        for key, fragments in (
            ("paths", self.paths), ("definitions", self.definitions), ("parameters", self.parameters)
        ):
            listed = b",".join(_member(name, fragments[name].json) for name in sorted(fragments))
            body.append(_member(key, b"{" + listed + b"}"))
        body += (_member(key, orjson.dumps(value)) for key, value in head.items())
        return b"{" + b",".join(body) + b"}"

    def protobuf(self) -> bytes:
        """The document as gnostic's openapi.v2.Document."""
        paths, definitions, parameters = (
            b"".join(fragments[name].protobuf for name in sorted(fragments))
            for fragments in (self.paths, self.definitions, self.parameters)
        )
        return gnostic.assemble(self.head, paths, definitions, parameters)


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
    fragments: Fragments, names: Mapping[bytes, Mapping[bytes, bytes]], own: Mapping[bytes, bytes], entry: _Entry
) -> Fragments:
    """`fragments` with references by their new `names`, and new names of their `own`."""
    def reference(match: re.Match[bytes]) -> bytes:
        sort, name = match.groups()
        return b'"$ref":"#/%b/%b"' % (sort, names[sort].get(name, name))

    found: Fragments = {}
    for old, fragment in fragments.items():
        name = own.get(old.encode(), old.encode()).decode()
        text = _REFERENCE.sub(reference, fragment.json)
        if text != fragment.json or name != old:
            fragment = Fragment(text, entry(name, orjson.loads(text)))
        found[name] = fragment
    return found


def _with_kinds_of(known: Fragment, new: Fragment, name: str) -> Fragment:
    """`known`, listed also for the kinds that `new` is listed for."""
    if known.json == new.json or _GVKS.encode() not in new.json:
        return known
    value = orjson.loads(known.json)
    listed = list(value.get(_GVKS) or ())
    more = [kind for kind in orjson.loads(new.json).get(_GVKS) or () if kind not in listed]
    if not more:
        return known
    value[_GVKS] = sorted([*listed, *more], key=lambda kind: "{group}/{version}.{kind}".format_map(kind))
    return Fragment(orjson.dumps(value), gnostic.definition_entry(name, value))
