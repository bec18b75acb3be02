"""What definitions are served with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pilothouse.apiextensions.webhook_conversion import WebhookConverters
    from pilothouse.apimachinery import meta
    from pilothouse.endpoints.scope import Services
    from pilothouse.storage.storage import Storage


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """What the server lends to all definitions. `converters` makes the converters of those whose strategy is
    Webhook, `taken` are the storage prefixes of built-in resources."""

    storage: Storage
    services: Services
    converters: WebhookConverters
    times: meta.Times
    taken: frozenset[str] = frozenset()
