"""The client's certificates, as the TLS layer saw them."""

from typing import Any

_DER = 2
"""_ssl.ENCODING_DER: `_ssl` before Python 3.13 has the chain only behind the private object."""


def peer_chain(ssl_object: Any) -> tuple[bytes, ...]:
    """The client's certificates as DER, leaf first; () without one."""
    leaf = ssl_object.getpeercert(True)
    if leaf is None:
        return ()
    if hasattr(ssl_object, "get_unverified_chain"):  # Python 3.13
        return tuple(ssl_object.get_unverified_chain())
    inner = getattr(ssl_object, "_sslobj", None)
    if inner is not None and hasattr(inner, "get_unverified_chain"):
        chain = inner.get_unverified_chain() or ()
        return tuple(certificate.public_bytes(_DER) for certificate in chain) or (leaf,)
    return (leaf,)
