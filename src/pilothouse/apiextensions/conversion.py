"""Conversion between the versions of a custom resource (upstream: apiextensions-apiserver pkg/apiserver/conversion)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

Object = dict[str, Any]


class ConversionError(Exception):
    """A conversion that failed; the text is what clients get."""


class CustomConverter(Protocol):
    """Converts objects with kind and apiVersion; it may change them."""

    async def convert(self, objects: Sequence[Object], wanted: str) -> list[Object]:
        """`objects`, none of which is in version `wanted` ("example.com/v1"), in that version and in the same order.

        Raises ConversionError.
        """
        ...


class NoConversion:
    """`strategy: None`: only the version is said otherwise (upstream: nop_converter.go)."""

    async def convert(self, objects: Sequence[Object], wanted: str) -> list[Object]:
        for obj in objects:
            obj["apiVersion"] = wanted
        return list(objects)
