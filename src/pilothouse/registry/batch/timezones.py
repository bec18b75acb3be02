"""Time zones by name (upstream: Go's time.LoadLocation with the embedded IANA database).

The names come from the package `tzdata`, not from the machine, so that every installation knows the same ones.
"""

from functools import cache


@cache
def names() -> frozenset[str]:
    """The zones of the IANA database, "Europe/Berlin", "UTC"."""
    from importlib import resources  # only cron jobs with a time zone need it

    return frozenset((resources.files("tzdata") / "zones").read_text("ascii").split())


def unknown_location(name: str) -> str:
    """What Go says when it cannot load the zone, or "". It has two names of its own: "" (UTC) and "Local"."""
    if name in ("", "UTC", "Local"):
        return ""
    if ".." in name or name[0] in "/\\":
        return "time: invalid location name"
    return "" if name in names() else f"unknown time zone {name}"
