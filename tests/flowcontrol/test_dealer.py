from collections import Counter

import pytest

from pilothouse.flowcontrol.dealer import Dealer, flow_hash


def test_hands_are_different_cards_and_always_the_same() -> None:
    dealer = Dealer(128, 6)
    for value in (0, 1, 12345, (1 << 64) - 1):
        hand = dealer.deal(value)
        assert len(set(hand)) == 6
        assert all(0 <= card < 128 for card in hand)
        assert dealer.deal(value) == hand


def test_every_card_is_dealt_as_often() -> None:
    dealer = Dealer(8, 3)
    counts = Counter(card for value in range(8 * 7 * 6) for card in dealer.deal(value))
    assert set(counts.values()) == {7 * 6 * 3}


def test_known_hands() -> None:
    assert Dealer(3, 3).deal(0) == (0, 1, 2)
    assert Dealer(4, 2).deal(3 + 4 * 2) == (3, 2)
    assert Dealer(4, 2).deal(1 + 4 * 2) == (1, 3)


@pytest.mark.parametrize(
    ("deck", "hand", "text"),
    [(0, 1, "not positive"), (3, 4, "is greater than deckSize"), (1 << 27, 1, "impractically large"),
     (1 << 20, 4, "required entropy bits")],
)
def test_sizes_that_do_not_fit(deck: int, hand: int, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        Dealer(deck, hand)


def test_flows_have_hashes_of_their_own() -> None:
    assert flow_hash("a", "b") == flow_hash("a", "b")
    assert len({flow_hash("a", "b"), flow_hash("ab", ""), flow_hash("a", "c"), flow_hash("b", "b")}) == 4
