"""OpenAPI documents that come and go at run time.

Whoever serves group versions says under a name of its own how its documents are built, and says so again when they
change; building is left until somebody asks, and is done in a thread. What has been built is kept compressed.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pilothouse.endpoints.openapi.document import Document
from pilothouse.endpoints.openapi.merge import Merged, Packed
from pilothouse.observability.logging import log

#: Makes OpenAPI v3 documents as JSON, by their key ("apis/apps/v1"). Called in a thread.
BuildV3 = Callable[[], Mapping[str, bytes]]
#: Makes an OpenAPI v2 document, ready to be encoded. Called in a thread.
BuildV2 = Callable[[], Mapping[str, Any]]
#: The parts of a merged document stand in the order of (rank, name). Built-in ones have (), custom ones (1,).
Rank = tuple[int, ...]
CUSTOM: Rank = (1,)

JSON = "application/json"
PROTOBUF = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"

B = TypeVar("B")
M = TypeVar("M")


@dataclass(slots=True, eq=False)
class _Source(Generic[B, M]):
    """`made` is None until it is built; `build` is given up then, with all that it holds."""

    build: B | None
    rank: Rank
    made: M | None = None


class _Sources(ABC, Generic[B, M]):
    """`empty` stands for what could not be built."""

    def __init__(self, empty: M) -> None:
        self._sources: dict[str, _Source[B, M]] = {}
        self._empty = empty
        self._building = asyncio.Lock()
        self.generation = 0
        """Counts changes."""

    def set(self, name: str, build: B, rank: Rank) -> None:
        self._sources[name] = _Source(build, rank)
        self.generation += 1

    def remove(self, name: str) -> None:
        if self._sources.pop(name, None) is not None:
            self.generation += 1

    def __len__(self) -> int:
        return len(self._sources)

    def _ordered(self) -> Iterator[M]:
        for _, source in sorted(self._sources.items(), key=lambda item: (item[1].rank, item[0])):
            if source.made is not None:
                yield source.made

    async def build_missing(self) -> None:
        """Build what has changed, one after the other, each in a thread."""
        while missing := [(name, source) for name, source in self._sources.items() if source.made is None]:
            for name, source in missing:
                if self._sources.get(name) is source and source.build is not None:
                    source.made = await asyncio.to_thread(self._build, name, source.build)
                    source.build = None

    def _build(self, name: str, build: B) -> M:
        try:
            return self._make(build)
        except Exception as error:
            # One broken document must not take all others with it.
            log.exception("Building an OpenAPI document failed", error, name=name)
            return self._empty

    @abstractmethod
    def _make(self, build: B) -> M: ...


class V3Sources(_Sources[BuildV3, Mapping[str, Document]]):
    """The v3 documents by key; of several with the same key the first counts."""

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__({})
        self._clock = clock
        self._all: Mapping[str, Document] = {}
        self._all_of = -1

    def _make(self, build: BuildV3) -> Mapping[str, Document]:
        return {key: Document((text,), self._clock()) for key, text in build().items()}

    async def documents(self) -> Mapping[str, Document]:
        """All documents, sorted by key."""
        if self._all_of != self.generation:
            async with self._building:
                generation = self.generation
                await self.build_missing()
                found: dict[str, Document] = {}
                for made in self._ordered():
                    for key, document in made.items():
                        found.setdefault(key, document)
                self._all, self._all_of = dict(sorted(found.items())), generation
        return self._all


class V2Sources(_Sources[BuildV2, Packed]):
    """The one v2 document. Parts are kept packed; forms are made when they are asked for."""

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__(Packed({}))
        self._clock = clock
        self._forms: dict[str, Document] = {}
        self._forms_of = -1

    def _make(self, build: BuildV2) -> Packed:
        return Packed(build())

    async def document(self, form: str) -> Document:
        """The document as JSON or PROTOBUF."""
        if self._forms_of == self.generation and form in self._forms:
            return self._forms[form]
        async with self._building:
            generation = self.generation
            await self.build_missing()
            if self._forms_of != generation:
                self._forms, self._forms_of = {}, generation
            parts = list(self._ordered())
            if JSON not in self._forms:
                self._forms[JSON] = await asyncio.to_thread(self._json, parts)
            if form not in self._forms:
                self._forms[form] = await self._protobuf(parts, self._forms[JSON])
            return self._forms[form]

    def _json(self, parts: list[Packed]) -> Document:
        return Document(Merged(packed.part() for packed in parts).json(), self._clock())

    async def _protobuf(self, parts: list[Packed], json: Document) -> Document:
        good = [packed for packed in parts if await asyncio.to_thread(_encode, packed)]

        def joined() -> Document:
            merged = Merged(packed.part(protobuf=True) for packed in good)
            return Document(merged.protobuf(), json.modified, json.etag)

        return await asyncio.to_thread(joined)


def _encode(packed: Packed) -> bool:
    """Whether the protobuf form could be made; a document that has none stands in the JSON form only."""
    try:
        packed.encode()
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        log.warning("An OpenAPI document has no protobuf form", err=repr(error))
        return False
    return True
