"""One set of certificates for all."""

import pytest

from pilothouse.transport import pki


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> pki.PKI:
    return pki.ensure(tmp_path_factory.mktemp("pki"), names=["localhost"], addresses=["127.0.0.1"])
