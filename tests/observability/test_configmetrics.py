from pilothouse.observability.configmetrics import FAILURE, SUCCESS, ConfigurationMetrics, hashed
from pilothouse.observability.metrics import Registry


def test_what_is_told_of_a_file() -> None:
    registry = Registry()
    metrics = ConfigurationMetrics("authentication", "server", registry, lambda: 5.0)
    metrics.applied("one")
    metrics.applied("two")
    metrics.reloaded(SUCCESS)
    metrics.reloaded(FAILURE)
    prefix, server = "apiserver_authentication_config_controller", f'apiserver_id_hash="{hashed("server")}"'
    assert [line for line in registry.render().decode().splitlines() if not line.startswith("#")] == [
        f'{prefix}_automatic_reload_last_timestamp_seconds{{{server},status="failure"}} 5',
        f'{prefix}_automatic_reload_last_timestamp_seconds{{{server},status="success"}} 5',
        f'{prefix}_automatic_reloads_total{{{server},status="failure"}} 1',
        f'{prefix}_automatic_reloads_total{{{server},status="success"}} 1',
        f'{prefix}_last_config_info{{{server},hash="{hashed("two")}"}} 1',
    ]


def test_nothing_has_no_hash() -> None:
    assert hashed("") == ""
    assert hashed("server") == "sha256:b3eacd33433b31b5252351032c9b3e7a2e7aa7738d5decdf0dd6c62680853c06"
