"""Shuffle sharding: a few queues out of many for each flow (upstream: k8s.io/apiserver pkg/util/shufflesharding)."""

from __future__ import annotations

import hashlib
import math

_MAX_HASH_BITS = 60
_MAX_DECK = 1 << 26


class Dealer:
    """Deals hands of `hand_size` different cards out of a deck. Raises ValueError for sizes that do not fit."""

    def __init__(self, deck_size: int, hand_size: int) -> None:
        if deck_size <= 0 or hand_size <= 0:
            raise ValueError(f"deckSize {deck_size} or handSize {hand_size} is not positive")
        if hand_size > deck_size:
            raise ValueError(f"handSize {hand_size} is greater than deckSize {deck_size}")
        if deck_size > _MAX_DECK:
            raise ValueError(f"deckSize {deck_size} is impractically large")
        if math.ceil(math.log2(deck_size) * hand_size) > _MAX_HASH_BITS:
            raise ValueError(
                f"required entropy bits of deckSize {deck_size} and handSize {hand_size} is greater than "
                f"{_MAX_HASH_BITS}"
            )
        self._deck_size = deck_size
        self._hand_size = hand_size

    def deal(self, hash_value: int) -> tuple[int, ...]:
        """The same hand for the same hash; two flows seldom share their whole hand."""
        left: list[int] = []
        for i in range(self._hand_size):
            hash_value, card = divmod(hash_value, self._deck_size - i)
            left.append(card)
        hand = []
        for i, card in enumerate(left):
            # a card counts among those that were still in the deck
            for earlier in reversed(left[:i]):
                if card >= earlier:
                    card += 1
            hand.append(card)
        return tuple(hand)


def flow_hash(schema: str, distinguisher: str) -> int:
    """Which hand a flow gets (upstream: hashFlowID)."""
    digest = hashlib.sha256(f"{schema}\0{distinguisher}".encode("utf-8", "surrogateescape")).digest()
    return int.from_bytes(digest[:8], "little")
