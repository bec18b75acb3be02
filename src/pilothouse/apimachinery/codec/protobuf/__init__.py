"""The protobuf codec, compiled from the type schema (upstream: apimachinery pkg/runtime/serializer/protobuf).

Typed Go clients send and ask for built-in kinds in protobuf. `encoder` and `decoder` work on bare messages,
`envelope` has what stands around them; `kinds` knows the messages of whole objects.
"""

from pilothouse.apimachinery.codec.protobuf.decode import MAX_DEPTH, decoder
from pilothouse.apimachinery.codec.protobuf.encode import encoder
from pilothouse.apimachinery.codec.protobuf.envelope import Envelope, open_envelope
from pilothouse.apimachinery.codec.protobuf.layout import has_messages, not_marshalable

__all__ = ["MAX_DEPTH", "Envelope", "decoder", "encoder", "has_messages", "not_marshalable", "open_envelope"]
