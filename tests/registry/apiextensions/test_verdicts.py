"""Verdicts are found once for each content, and on a thread where they take long."""

import asyncio
import threading
from typing import Any

import pytest

from pilothouse.registry.apiextensions import verdicts as module
from pilothouse.registry.apiextensions.schema_options import SchemaOptions
from pilothouse.registry.apiextensions.validation import DefinitionValidation
from pilothouse.registry.apiextensions.verdicts import Verdicts
from tests.registry.apiextensions.test_validation import GOOD
from tests.registry.checks import edited

LARGE = {"type": "object", "properties": {f"p{i}": {"type": "string", "format": "odd"} for i in range(400)}}


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> list[threading.Thread]:
    """The threads on which schemas were judged."""
    seen: list[threading.Thread] = []
    judge = module.validate_schema

    def judged(*args: Any) -> Any:
        seen.append(threading.current_thread())
        return judge(*args)

    monkeypatch.setattr(module, "validate_schema", judged)
    return seen


def test_the_same_content_is_judged_once(threads: list[threading.Thread]) -> None:
    verdicts = Verdicts()
    for _ in range(2):
        assert verdicts.errors({"type": "object"}, "S", False, SchemaOptions()) == []
    assert len(threads) == 1
    verdicts.errors({"type": "object"}, "S", True, SchemaOptions())
    verdicts.errors({"type": "object"}, "S", True, SchemaOptions(require_types=False))
    assert len(threads) == 3


def test_verdicts_are_bounded() -> None:
    verdicts = Verdicts()
    for i in range(module._CAPACITY + 5):
        verdicts.facts({"title": str(i)})
    assert len(verdicts._known) == module._CAPACITY
    for i in range(module._REFUSALS + 5):
        assert verdicts.errors({"title": str(i)}, "S", False, SchemaOptions())
    assert len(verdicts._refusals) == module._REFUSALS


def test_large_schemas_are_judged_on_a_thread(threads: list[threading.Thread]) -> None:
    rules = DefinitionValidation()
    large = edited(GOOD, "spec.versions.0.schema.openAPIV3Schema", LARGE)

    async def write() -> None:
        await rules.prepare(large, None)
        assert rules.create(large) == []
        await rules.prepare(large, GOOD)
        assert rules.update(large, GOOD) == []

    asyncio.run(write())
    assert threads
    assert threading.main_thread() not in threads
    assert rules.unrecognized_formats(large) == ["odd"] * 400


def test_small_schemas_wait_for_nothing(threads: list[threading.Thread]) -> None:
    rules = DefinitionValidation()
    asyncio.run(rules.prepare(GOOD, None))
    assert not threads
