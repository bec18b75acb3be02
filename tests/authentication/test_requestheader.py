import asyncio
import ssl
import time
from collections.abc import Sequence

import pytest

from pilothouse.apimachinery.http import Request
from pilothouse.apimachinery.user import User
from pilothouse.authentication import factory
from pilothouse.authentication.anonymous import AnonymousAuthenticator
from pilothouse.authentication.interface import AuthenticationError
from pilothouse.authentication.requestheader import RequestHeaderAuthenticator, RequestHeaderConfig
from pilothouse.authentication.x509 import X509Authenticator
from pilothouse.transport import certificates

NOW = time.time()


class Authority:
    def __init__(self) -> None:
        self.pem, key = certificates.authority(NOW, NOW + 3600)
        self._signer = certificates.load_authority(self.pem, key)

    def certificate(self, name: str, *, until: float = NOW + 1800) -> bytes:
        pem, _ = certificates.client(self._signer, name, [], NOW, until)
        return ssl.PEM_cert_to_DER_cert(pem.decode())


PROXIES, USERS = Authority(), Authority()
PROXY = PROXIES.certificate("front-proxy-client")
CONFIG = RequestHeaderConfig(
    authorities=[PROXIES.pem], allowed_names=["front-proxy-client"], username_headers=["X-Remote-User", "X-Old-User"],
    uid_headers=["X-Remote-Uid"], group_headers=["X-Remote-Group", "X-More-Groups"],
    extra_header_prefixes=["X-Remote-Extra-"],
)


def request(*headers: tuple[str, str], certificate: bytes | None = PROXY) -> Request:
    pairs = [(name.lower().encode(), value.encode()) for name, value in headers]
    return Request("GET", "/", headers=pairs, peer_certificates=(certificate,) if certificate else ())


def user(asked: Request, config: RequestHeaderConfig = CONFIG) -> User | None:
    response = asyncio.run(RequestHeaderAuthenticator(config).authenticate(asked))
    return response.user if response else None


def test_everything_that_a_proxy_can_say() -> None:
    assert user(request(
        ("X-Remote-User", "alice"), ("X-Remote-Uid", "u1"), ("X-More-Groups", "c"), ("X-Remote-Group", "a"),
        ("X-Remote-Group", ""), ("X-Remote-Group", "b"), ("X-Remote-Extra-Acme.com%2Fproject", "p1"),
        ("X-Remote-Extra-acme.com%2fproject", "p2"), ("X-Remote-Extra-odd%zz", "x"), ("X-Other", "y"),
    )) == User("alice", "u1", ("a", "b", "c"), {"acme.com/project": ("p1", "p2"), "odd%zz": ("x",)})


def test_the_first_name_counts() -> None:
    names = ("X-Old-User", "bob"), ("X-Remote-User", "alice"), ("X-Remote-User", "mallory")
    assert user(request(*names)) == User("alice")
    # an empty first value is no value, whatever follows
    assert user(request(("X-Remote-User", ""), ("X-Remote-User", "mallory"))) is None
    assert user(request(("X-Remote-User", ""), ("X-Old-User", "bob"))) == User("bob")
    assert user(request(("X-Remote-User", "j\u00f6rg"))) == User("j\u00f6rg")


def test_without_a_name_or_a_certificate_there_is_no_opinion() -> None:
    assert user(request(("X-Remote-Group", "system:masters"))) is None
    assert user(request(("X-Remote-User", "admin"), certificate=None)) is None
    assert user(request(("X_Remote_User", "admin"))) is None


@pytest.mark.parametrize("certificate", [
    USERS.certificate("front-proxy-client"), PROXIES.certificate("somebody"),
    PROXIES.certificate("front-proxy-client", until=NOW - 1),
])
def test_other_certificates_are_refused(certificate: bytes) -> None:
    with pytest.raises(AuthenticationError, match="x509: "):
        user(request(("X-Remote-User", "admin"), certificate=certificate))


def test_without_names_every_certificate_of_the_authorities_will_do() -> None:
    anyone = RequestHeaderConfig(authorities=[PROXIES.pem], username_headers=["x-remote-user"])
    assert user(request(("X-Remote-User", "alice"), certificate=PROXIES.certificate("x")), anyone) == User("alice")


@pytest.mark.parametrize(("certificate", "expected"), [
    (PROXY, "admin"), (USERS.certificate("bob"), "bob"), (None, "system:anonymous"),
])
def test_headers_count_for_proxies_only(certificate: bytes | None, expected: str) -> None:
    chain = factory.build(
        request_header=RequestHeaderAuthenticator(CONFIG), certificates=X509Authenticator([USERS.pem]),
        anonymous=AnonymousAuthenticator(),
    )
    response = asyncio.run(chain.authenticate(request(("X-Remote-User", "admin"), certificate=certificate)))
    assert response is not None
    assert response.user.name == expected
    assert ("system:authenticated" in response.user.groups) == (expected != "system:anonymous")


def test_a_proxy_without_headers_is_nobody() -> None:
    chain = factory.build(
        request_header=RequestHeaderAuthenticator(CONFIG), certificates=X509Authenticator([USERS.pem]),
        anonymous=AnonymousAuthenticator(),
    )
    headers: Sequence[tuple[str, str]] = [("X-Remote-Group", "system:masters")]
    with pytest.raises(AuthenticationError):
        asyncio.run(chain.authenticate(request(*headers)))
