"""Conversion by webhook (upstream: pkg/apiserver/conversion/webhook_converter.go, metrics.go).

A webhook may change everything but what an object is: kind, name, namespace, UID, and all metadata but labels and
annotations, which are put back whatever it says.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import orjson

from pilothouse.apiextensions.conversion import ConversionError, CustomConverter
from pilothouse.apimachinery import field, metavalidation
from pilothouse.apimachinery.aggregate import aggregate
from pilothouse.apimachinery.gvk import GroupVersion
from pilothouse.apimachinery.meta import new_uid
from pilothouse.apimachinery.patch import goprint
from pilothouse.apimachinery.webhook.caller import Caller, WebhookError
from pilothouse.apimachinery.webhook.client_config import ServiceResolver, caller_for
from pilothouse.observability.tracing import span

if TYPE_CHECKING:
    from pilothouse.observability.metrics import Registry

Object = dict[str, Any]

_GROUP: Final = "apiextensions.k8s.io"
_VERSIONS: Final = ("v1", "v1beta1")
_MAX_ANSWER: Final = 16 * 1024 * 1024
#: upstream: defaultCacheSize of pkg/util/webhook
_MOST_CALLERS: Final = 30
_DURATION_BUCKETS: Final = tuple(0.001 * 2**i for i in range(15))
_CALL_BUCKETS: Final = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 45.0, 60.0)

CALL: Final = "conversion_webhook_call_failure"
MALFORMED: Final = "conversion_webhook_malformed_response_failure"
PARTIAL: Final = "conversion_webhook_partial_response_failure"
INVALID: Final = "conversion_webhook_invalid_converted_object_failure"


class _Failure(ConversionError):
    """`kind` is upstream's name for it in metrics."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


class ConversionMetrics:
    """upstream: conversion/metrics.go."""

    def __init__(self, registry: Registry) -> None:
        self._durations = registry.histogram(
            "apiserver_crd_conversion_webhook_duration_seconds", "CRD webhook conversion duration in seconds",
            ("crd_name", "from_version", "to_version", "succeeded"), buckets=_DURATION_BUCKETS,
        )
        self._requests = registry.counter(
            "apiserver_conversion_webhook_request_total",
            "Counter for conversion webhook requests with success/failure and failure error type",
            ("result", "failure_type"),
        )
        self._latencies = registry.histogram(
            "apiserver_conversion_webhook_duration_seconds", "Conversion webhook request latency",
            ("result", "failure_type"), buckets=_CALL_BUCKETS,
        )

    def observe(self, name: str, from_version: str, to_version: str, failure: str, seconds: float) -> None:
        """`failure` is "" for a conversion that succeeded."""
        succeeded = "false" if failure else "true"
        self._durations.labels(name, from_version, to_version, succeeded).observe(seconds)
        result = "failure" if failure else "success"
        self._requests.labels(result, failure).inc()
        self._latencies.labels(result, failure).observe(seconds)


class WebhookConverters:
    """Makes the converter of a decoded definition. `seconds` bounds a call. Close it when the server stops."""

    def __init__(self, resolve: ServiceResolver, metrics: ConversionMetrics, seconds: float) -> None:
        self._resolve = resolve
        self._seconds = seconds
        self._metrics = metrics
        self._callers: dict[bytes, Caller] = {}

    def __call__(self, definition: Object) -> CustomConverter:
        webhook = definition["spec"]["conversion"].get("webhook") or {}
        config = webhook.get("clientConfig") or {}
        return WebhookConverter(
            definition["metadata"]["name"], webhook.get("conversionReviewVersions") or (),
            lambda: self._caller(config), self._metrics,
        )

    async def _caller(self, config: Mapping[str, Any]) -> Caller:
        """The one caller of a client configuration, whoever uses it. Raises WebhookError."""
        key = orjson.dumps(config, option=orjson.OPT_SORT_KEYS)
        caller = self._callers.pop(key, None)
        if caller is None:
            caller = caller_for(config, self._resolve, seconds=self._seconds, max_answer=_MAX_ANSWER)
        self._callers[key] = caller
        while len(self._callers) > _MOST_CALLERS:
            await self._callers.pop(next(iter(self._callers))).close()
        return caller

    async def close(self) -> None:
        callers, self._callers = self._callers, {}
        for caller in callers.values():
            await caller.close()


class WebhookConverter:
    """Implements `CustomConverter`. `caller` gives whom to call; it may raise WebhookError."""

    def __init__(
        self, name: str, review_versions: Sequence[str], caller: Callable[[], Awaitable[Caller]],
        metrics: ConversionMetrics,
    ) -> None:
        self._name = name
        self._review_versions = review_versions
        self._caller = caller
        self._metrics = metrics

    async def convert(self, objects: Sequence[Object], wanted: str) -> list[Object]:
        if not objects:
            return []
        first = objects[0]
        started = time.monotonic()
        failure = ""
        try:
            return await self._convert(objects, wanted)
        except _Failure as e:
            failure = e.kind
            raise ConversionError(f"conversion webhook for {_gvk(first)} {e}") from None
        finally:
            self._metrics.observe(
                self._name, _version(first), wanted.rpartition("/")[2], failure, time.monotonic() - started
            )

    async def _convert(self, objects: Sequence[Object], wanted: str) -> list[Object]:
        version = next((v for v in self._review_versions if v in _VERSIONS), None)
        if version is None:
            raise ConversionError("no supported conversion review versions")
        uid = new_uid()
        review = {
            "kind": "ConversionReview", "apiVersion": f"{_GROUP}/{version}",
            "request": {"uid": uid, "desiredAPIVersion": wanted, "objects": list(objects)},
        }
        try:
            caller = await self._caller()
            with span("Call conversion webhook", {
                "custom-resource-definition": self._name, "desired-api-version": wanted, "object-count": len(objects),
                "UID": uid,
            }):
                answer = orjson.loads(await caller.post(orjson.dumps(review)))
        except (WebhookError, orjson.JSONDecodeError) as e:
            raise _Failure(CALL, f"failed: {e}") from None
        converted = _converted_objects(answer, version, uid)
        if len(converted) != len(objects):
            raise _Failure(PARTIAL, f"returned {len(converted)} objects, expected {len(objects)}")
        return [_checked(original, given, wanted) for original, given in zip(objects, converted, strict=True)]


def _version(obj: Object) -> str:
    return str(obj.get("apiVersion", "")).rpartition("/")[2]


def _gvk(obj: Object) -> str:
    return f"{obj.get('apiVersion', '')}, Kind={obj.get('kind', '')}"


def _converted_objects(answer: Any, version: str, uid: str) -> list[Any]:
    """What a review answers. Raises _Failure."""
    if not isinstance(answer, dict):
        raise _Failure(CALL, "failed: the answer is no object")
    response = answer.get("response")
    if version == "v1":
        kind, api_version = answer.get("kind") or "", answer.get("apiVersion") or ""
        if kind != "ConversionReview" or api_version != f"{_GROUP}/v1":
            group, _, found = str(api_version).rpartition("/")
            raise _Failure(
                MALFORMED,
                f"failed: expected webhook response of {_GROUP}/v1, Kind=ConversionReview, got "
                f"{group}/{found}, Kind={kind}",
            )
    if not isinstance(response, dict):
        raise _Failure(MALFORMED, "failed: no response provided")
    given = response.get("uid") or ""
    if version == "v1" and given != uid:
        raise _Failure(MALFORMED, f"failed: expected response.uid={field.go_quote(uid)}, got {field.go_quote(given)}")
    result = response.get("result") or {}
    verdict = result.get("status") or "" if isinstance(result, dict) else ""
    if verdict != "Success":
        text = result.get("message") if isinstance(result, dict) else ""
        said = f"response.result.status was '{verdict}', not 'Success'"
        raise _Failure(MALFORMED, f"failed: {text or said}")
    converted = response.get("convertedObjects") or []
    if not isinstance(converted, list):
        raise _Failure(CALL, "failed: convertedObjects is no list")
    return converted


def _checked(original: Object, given: Any, wanted: str) -> Object:
    """`given` with the metadata that a webhook may not change put back. Raises _Failure, in the words that upstream
    has for single objects."""
    where = "returned invalid object at index 0"
    if not isinstance(given, dict) or not given.get("kind"):
        raise _Failure(INVALID, f"{where}: Object 'Kind' is missing in '{orjson.dumps(given).decode()}'")
    if given.get("apiVersion") != wanted:
        expected, got = _group_version(wanted), _group_version(given.get("apiVersion") or "")
        raise _Failure(INVALID, f"{where}: invalid groupVersion (expected {expected}, received {got})")
    if given["kind"] != original["kind"]:
        raise _Failure(INVALID, f"{where}: invalid kind (expected {original['kind']}, received {given['kind']})")
    metadata = given.get("metadata")
    if metadata is None:
        raise _Failure(INVALID, "returned invalid metadata: missing metadata in converted object")
    if not isinstance(metadata, dict):
        kind = goprint.type_name(metadata)
        raise _Failure(INVALID, f"returned invalid metadata: invalid metadata of type {kind} in converted object")
    for name, shown in (("name", "name"), ("namespace", "namespace"), ("uid", "UID")):
        have, got = original["metadata"].get(name) or "", metadata.get(name) or ""
        if have != got:
            raise _Failure(INVALID, f"returned invalid object: must have the same {shown}: {have} != {got}")
    try:
        return {**given, "metadata": _restored(original["metadata"], metadata)}
    except ValueError as e:
        raise _Failure(INVALID, f"returned invalid metadata: {e}") from None


def _group_version(api_version: str) -> str:
    try:
        return str(GroupVersion.parse(api_version))
    except ValueError:
        return ""


def _restored(original: Object, given: Object) -> Object:
    """The original metadata with the labels and annotations of `given`. Raises ValueError."""
    metadata = dict(original)
    for name in ("labels", "annotations"):
        value = given.get(name)
        if value is None:
            metadata.pop(name, None)
            continue
        if not isinstance(value, dict):
            raise ValueError(f"invalid metadata.{name} of type {goprint.type_name(value)} in converted object")
        for key, text in value.items():
            if not isinstance(text, str):
                kind = goprint.type_name(text)
                raise ValueError(f"metadata.{name}[{key}] must be a string, but is {kind} in converted object")
        if value != (original.get(name) or {}):
            check = metavalidation.validate_labels if name == "labels" else metavalidation.validate_annotations
            # upstream names the path of annotations without an s: kept
            if errors := check(value, f"metadata.{name if name == 'labels' else 'annotation'}"):
                raise ValueError(aggregate(errors))
        metadata[name] = value
    return metadata
