"""Named formats to validate texts with (apiserver pkg/cel/library/format.go), and JSON patch keys (jsonpatch.go)."""

from collections.abc import Callable
from typing import Final

from pilothouse.apimachinery import names, validation
from pilothouse.apimachinery.cel import types as t
from pilothouse.apimachinery.cel.declarations import Library
from pilothouse.apimachinery.cel.values import NONE, Optional
from pilothouse.apimachinery.field import go_quote
from pilothouse.apimachinery.structural.formats import string_format
from pilothouse.apimachinery.structural.gourl import is_request_uri

FORMAT_TYPE: Final = t.StructType("kubernetes.NamedFormat", {})


class Format:
    """A rule for texts. `max_regex_size` stands for what a check costs."""

    __slots__ = ("max_regex_size", "name", "problems")
    cel_type = FORMAT_TYPE
    unit_equality = True

    def __init__(self, name: str, problems: Callable[[str], list[str]], max_regex_size: int) -> None:
        self.name = name
        self.problems = problems
        self.max_regex_size = max_regex_size

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Format) and self.name == other.name

    def __hash__(self) -> int:
        return hash(self.name)


def _uri(text: str) -> list[str]:
    if is_request_uri(text):
        return []
    return [f"parse {go_quote(text)}: {'invalid URI for request' if text else 'empty url'}"]


def _matching(name: str, message: str) -> Callable[[str], list[str]]:
    def problems(text: str) -> list[str]:
        test = string_format(name)
        return [] if test is None or test(text) else [message]

    return problems


#: Sizes of strfmt's patterns for UUIDs and date-times.
_UUID_SIZE = len("(?i)(^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$)")
_DATE_TIME_SIZE = len(r"^([0-9]{2}):([0-9]{2}):([0-9]{2})(.[0-9]+)?(z|([+-][0-9]{2}:[0-9]{2}))$")
_FORMATS: Final = {
    "dns1123Label": Format("DNS1123Label", names.is_dns_label, 30),
    "dns1123Subdomain": Format("DNS1123Subdomain", names.is_dns_subdomain, 60),
    "dns1035Label": Format("DNS1035Label", names.is_dns1035_label, 30),
    "qualifiedName": Format("QualifiedName", validation.is_label_key, 60),
    "dns1123LabelPrefix": Format("DNS1123LabelPrefix", lambda s: names.is_dns_label(s, True), 30),
    "dns1123SubdomainPrefix": Format("DNS1123SubdomainPrefix", lambda s: names.is_dns_subdomain(s, True), 60),
    "dns1035LabelPrefix": Format("DNS1035LabelPrefix", lambda s: names.is_dns1035_label(s, True), 30),
    "labelValue": Format("LabelValue", validation.is_label_value, 40),
    "uri": Format("URI", _uri, 1103),
    "uuid": Format("uuid", _matching("uuid", "does not match the UUID format"), _UUID_SIZE),
    "byte": Format("byte", _matching("byte", "invalid base64"), 84),
    "date": Format("date", _matching("date", "invalid date"), _DATE_TIME_SIZE),
    "datetime": Format("datetime", _matching("datetime", "invalid datetime"), _DATE_TIME_SIZE),
}


def _validate(format: Format, text: str) -> Optional:
    problems = format.problems(text)
    return Optional(problems) if problems else NONE


def _named(name: str) -> Optional:
    found = _FORMATS.get(name)
    return NONE if found is None else Optional(found)


def library() -> Library:
    made = Library({"F": FORMAT_TYPE})
    made.add("validate", {"format-validate": ("F.(string) optional(list(string))", _validate)})
    made.add("format.named", {"format-named": ("(string) optional(F)", _named)})
    for name, format in _FORMATS.items():
        made.add(f"format.{name}", {f"format.{name}": ("() F", lambda format=format: format)})
    made.types = {}
    return made


def json_patch() -> Library:
    made = Library()
    made.add("jsonpatch.escapeKey", {
        "string_jsonpatch_escapeKey_string": (
            "(string) string", lambda s: s.replace("~", "~0").replace("/", "~1")
        ),
    })
    return made
