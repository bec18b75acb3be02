"""Who manages what in versions between which a webhook converts (upstream: managedfields' versionconverter.go over
the definition's converter).

Field management is worked out step by step, and each step may need an object in another version. So it is done in a
thread, which waits there for what the event loop asks the webhook.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final

import orjson

from pilothouse.apiextensions.conversion import ConversionError
from pilothouse.apimachinery.managedfields.typed import TypedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pilothouse.apiextensions.serving import Serving
    from pilothouse.apimachinery.managedfields.updater import Converter
    from pilothouse.apimachinery.schema.model import Type

Object = dict[str, Any]

#: One write asks for the same few objects again and again.
_REMEMBERED: Final = 16
_PATIENCE: Final = 60.0


def remote_converter(serving: Serving, served: Sequence[str]) -> Converter:
    """For the field managers of the endpoints of `serving`, whose scopes must say that they wait. Made on the loop,
    called in threads; raises TypedError where the webhook fails."""
    loop = asyncio.get_running_loop()
    versions = {serving.definition.api_version(name): name for name in served}
    known: OrderedDict[tuple[bytes, str], bytes] = OrderedDict()

    def convert(obj: Object, current: str, wanted: str) -> tuple[Type, Object] | None:
        if current not in versions or wanted not in versions:
            return None
        type = serving.shape(versions[wanted]).type
        if current == wanted or not obj:
            return type, obj
        whole = orjson.dumps({**obj, "apiVersion": current, "kind": serving.definition.names.kind})
        found = known.get((whole, wanted))
        if found is None:
            found = known[whole, wanted] = _asked(serving, loop, whole, wanted)
            while len(known) > _REMEMBERED:
                known.popitem(last=False)
        there = orjson.loads(found)
        return type, {name: value for name, value in there.items() if name not in ("kind", "apiVersion")}

    return convert


def _asked(serving: Serving, loop: asyncio.AbstractEventLoop, whole: bytes, wanted: str) -> bytes:
    asking = asyncio.run_coroutine_threadsafe(serving.converter.convert([orjson.loads(whole)], wanted), loop)
    try:
        converted, = asking.result(_PATIENCE)
    except (ConversionError, TimeoutError) as e:
        raise TypedError(str(e)) from None
    return orjson.dumps(converted)
