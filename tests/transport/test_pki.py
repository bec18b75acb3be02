import json
import stat
import threading
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import NameOID

from pilothouse.transport import kubeconfig, pki

NOW = 1_800_000_000.0
NAMES = ["localhost", "kubernetes.default.svc"]
ADDRESSES = ["127.0.0.1", "::1", "10.0.0.1"]


def make(directory: Path, now: float = NOW, names: list[str] | None = None) -> pki.PKI:
    return pki.ensure(directory, names=names or NAMES, addresses=ADDRESSES, clock=lambda: now)


def certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def test_first_start_makes_an_authority_a_serving_and_an_admin_certificate(tmp_path: Path) -> None:
    made = make(tmp_path / "pki")
    ca, serving, admin = (certificate(pair.certificate) for pair in (made.ca, made.serving, made.admin))
    serving.verify_directly_issued_by(ca)
    admin.verify_directly_issued_by(ca)
    names = serving.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == NAMES
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ADDRESSES
    assert [a.value for a in admin.subject.get_attributes_for_oid(NameOID.COMMON_NAME)] == ["kubernetes-admin"]
    assert [a.value for a in admin.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)] == ["system:masters"]
    assert serving.not_valid_after_utc == datetime.fromtimestamp(NOW + pki.LEAF_SECONDS, UTC)


def test_keys_are_private(tmp_path: Path) -> None:
    made = make(tmp_path)
    pki.ensure_service_account_key(made)
    for pair in (made.ca, made.serving, made.admin, made.service_account):
        assert stat.S_IMODE(pair.key.stat().st_mode) == 0o600


def test_a_second_start_changes_nothing(tmp_path: Path) -> None:
    make(tmp_path)
    before = contents(tmp_path)
    make(tmp_path, NOW + 86400)
    assert contents(tmp_path) == before


def test_what_runs_out_is_renewed_by_the_same_authority(tmp_path: Path) -> None:
    make(tmp_path)
    before = contents(tmp_path)
    made = make(tmp_path, NOW + pki.LEAF_SECONDS - pki.RENEW_SECONDS + 1)
    after = contents(tmp_path)
    assert after["ca.crt"] == before["ca.crt"]
    assert after["apiserver.crt"] != before["apiserver.crt"]
    assert after["admin.crt"] != before["admin.crt"]
    certificate(made.serving.certificate).verify_directly_issued_by(certificate(made.ca.certificate))


def test_an_authority_that_runs_out_takes_all_with_it(tmp_path: Path) -> None:
    make(tmp_path)
    before = contents(tmp_path)
    made = make(tmp_path, NOW + pki.CA_SECONDS)
    assert contents(tmp_path)["ca.crt"] != before["ca.crt"]
    certificate(made.admin.certificate).verify_directly_issued_by(certificate(made.ca.certificate))


def test_a_new_name_or_a_lost_file_makes_a_new_serving_certificate_only(tmp_path: Path) -> None:
    make(tmp_path)
    before = contents(tmp_path)
    make(tmp_path, names=[*NAMES, "new.example"])
    assert contents(tmp_path)["apiserver.crt"] != before["apiserver.crt"]
    assert contents(tmp_path)["admin.crt"] == before["admin.crt"]
    (tmp_path / "apiserver.key").unlink()
    make(tmp_path)
    assert (tmp_path / "apiserver.key").exists()


def test_a_damaged_index_is_no_obstacle(tmp_path: Path) -> None:
    make(tmp_path)
    for damage in ("", "[]", '{"ca": 1}'):
        (tmp_path / "index.json").write_text(damage)
        make(tmp_path)
        assert json.loads((tmp_path / "index.json").read_text())["apiserver"]["names"]


def test_the_serving_certificate_may_lie_elsewhere(tmp_path: Path) -> None:
    made = pki.ensure(tmp_path / "pki", names=NAMES, addresses=ADDRESSES, serving_directory=tmp_path / "certs",
                      clock=lambda: NOW)
    assert made.serving.certificate == tmp_path / "certs" / "apiserver.crt"
    assert made.serving.certificate.exists()
    back = make(tmp_path / "pki")
    assert back.serving.certificate.exists()


def test_the_service_account_pair_is_rsa_and_made_once(tmp_path: Path) -> None:
    made = pki.PKI(tmp_path, tmp_path)
    threads = [threading.Thread(target=pki.ensure_service_account_key, args=[made])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    before = contents(tmp_path)
    pki.ensure_service_account_key(made)
    assert contents(tmp_path) == before
    private = serialization.load_pem_private_key(made.service_account.key.read_bytes(), None)
    public = serialization.load_pem_public_key(made.service_account.certificate.read_bytes())
    assert private.public_key() == public


def test_the_kubeconfig_is_private_and_left_alone_when_it_says_the_same(tmp_path: Path) -> None:
    made = make(tmp_path / "pki")
    path = tmp_path / "deep" / "admin.kubeconfig"

    def write() -> None:
        kubeconfig.write(path, url="https://127.0.0.1:6443", authorities=made.ca.certificate.read_bytes(),
                         client=made.admin)

    write()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    config = json.loads(path.read_text())
    assert config["clusters"][0]["cluster"]["server"] == "https://127.0.0.1:6443"
    first = path.stat().st_mtime_ns, path.stat().st_ino
    write()
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == first
    path.chmod(0o644)
    write()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_front_proxies_have_an_authority_of_their_own(tmp_path: Path) -> None:
    made = make(tmp_path / "pki")
    ca, proxy = certificate(made.front_proxy_ca.certificate), certificate(made.front_proxy.certificate)
    proxy.verify_directly_issued_by(ca)
    assert ca.subject != certificate(made.ca.certificate).subject
    assert [a.value for a in proxy.subject.get_attributes_for_oid(NameOID.COMMON_NAME)] == [pki.FRONT_PROXY]
    assert stat.S_IMODE(made.front_proxy.key.stat().st_mode) == 0o600
    before = contents(tmp_path / "pki")
    made.front_proxy_ca.key.unlink()
    after = make(tmp_path / "pki").front_proxy_ca.certificate.read_bytes()
    assert after != before["front-proxy-ca.crt"]
    assert contents(tmp_path / "pki")["ca.crt"] == before["ca.crt"]
    assert contents(tmp_path / "pki")["admin.crt"] == before["admin.crt"]
    assert contents(tmp_path / "pki")["front-proxy-client.crt"] != before["front-proxy-client.crt"]
