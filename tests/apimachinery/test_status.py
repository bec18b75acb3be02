from pilothouse.apimachinery import field, status
from pilothouse.apimachinery.gvk import GroupKind


def test_of_very_much_that_is_wrong_the_first_is_told() -> None:
    rendered = 0

    class Large(str):
        def isascii(self) -> bool:
            nonlocal rendered
            rendered += 1
            return super().isascii()

    large = Large("x" * 300_000)
    error = status.invalid(GroupKind("", "Thing"), "a", [field.invalid("spec", large, f"no {i}") for i in range(1000)])
    assert rendered == 4
    assert [cause["message"][-4:] for cause in error.details["causes"]] == ["no 0", "no 1", "no 2", "no 3"]
    assert error.message.count("spec: Invalid value") == 4
