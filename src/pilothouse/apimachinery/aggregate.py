"""Several errors as one text (upstream: k8s.io/apimachinery pkg/util/errors)."""

from collections.abc import Iterable


def aggregate(errors: Iterable[object]) -> str:
    """The text of NewAggregate: one error as it is, more in brackets, repeated texts once, none as ""."""
    texts = list(dict.fromkeys(str(e) for e in errors))
    if len(texts) < 2:
        return "".join(texts)
    return "[" + ", ".join(texts) + "]"
