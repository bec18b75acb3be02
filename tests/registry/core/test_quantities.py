from pilothouse.registry.core.quantities import round_up


def test_only_what_is_below_milli_is_rounded_up() -> None:
    resources = {"cpu": "1500u", "memory": "64Mi", "x": "1n", "y": "999999u", "z": "100m"}
    round_up(resources)
    assert resources == {"cpu": "2m", "memory": "64Mi", "x": "1m", "y": "1", "z": "100m"}


def test_nothing() -> None:
    round_up(None)
