"""Semantic versions, semver.org 2.0.0 (upstream: github.com/blang/semver)."""

from __future__ import annotations

import re

_NUMBER = "0|[1-9][0-9]*"
_PART = f"(?:{_NUMBER}|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)"
_VERSION = re.compile(
    rf"({_NUMBER})\.({_NUMBER})\.({_NUMBER})(?:-({_PART}(?:\.{_PART})*))?(?:\+[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*)?"
)
_MOST_DIGITS = 19

Version = tuple[int, int, int, tuple[tuple[int, int, str], ...], bool]

ZERO: Version = (0, 0, 0, (), True)


def parse(text: str) -> Version | None:
    """What versions are compared by, None for no version. Builds ("+…") do not count."""
    match = _VERSION.fullmatch(text)
    if match is None or any(len(number) > _MOST_DIGITS for number in match.groups()[:3]):
        return None
    major, minor, patch, before = match.groups()
    parts = before.split(".") if before else []
    return int(major), int(minor), int(patch), tuple(map(_part, parts)), not parts


def older(a: Version, b: Version) -> bool:
    """Whether `a` comes before `b`: a pre-release comes before its release."""
    return (*a[:3], a[4], a[3]) < (*b[:3], b[4], b[3])


def _part(text: str) -> tuple[int, int, str]:
    """Numbers come before texts."""
    return (0, int(text), "") if text.isdigit() else (1, 0, text)
