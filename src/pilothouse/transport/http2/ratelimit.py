"""How often something may happen: so many times at once, so often a second later on."""


class RateLimit:
    """A bucket of `burst` tokens, filled again at `rate` a second. Times in seconds of one clock."""

    __slots__ = ("_at", "_burst", "_left", "_rate")

    def __init__(self, burst: float, rate: float, now: float) -> None:
        self._burst = burst
        self._rate = rate
        self._left = burst
        self._at = now

    def spend(self, now: float) -> bool:
        """Take a token; False where there is none."""
        self._left = min(self._burst, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
