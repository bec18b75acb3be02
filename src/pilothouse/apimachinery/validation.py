"""Formats of single values (upstream: k8s.io/apimachinery pkg/util/validation, pkg/api/validate/content).

Each `is_…` function returns the texts of what is wrong, empty when the value is good. Patterns stay as
Go writes them because the texts quote them; lengths count UTF-8 bytes, as Go's len does. Upstream keeps
two wordings for lengths: the older functions say "characters", those of pkg/api/validate/content "bytes".
"""

import functools
import re
from collections.abc import Callable, Sequence

_LABEL_KEY = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_LABEL_KEY_TEXT = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
)
_LABEL_VALUE = f"({_LABEL_KEY})?"
_LABEL_VALUE_TEXT = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', "
    "and must start and end with an alphanumeric character"
)
_DNS1123_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_DNS1123_LABEL_TEXT = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "
    "and must start and end with an alphanumeric character"
)
_DNS1123_SUBDOMAIN = f"{_DNS1123_LABEL}(\\.{_DNS1123_LABEL})*"
_DNS1123_SUBDOMAIN_TEXT = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', "
    "and must start and end with an alphanumeric character"
)
_DNS1123_SUBDOMAIN_CASELESS_TEXT = (
    "an RFC 1123 subdomain must consist of alphanumeric characters, '-' or '.', "
    "and must start and end with an alphanumeric character"
)
_UNDERSCORE_LABEL = "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
_UNDERSCORE_SUBDOMAIN = f"{_UNDERSCORE_LABEL}(\\.{_UNDERSCORE_LABEL})*"
_UNDERSCORE_SUBDOMAIN_TEXT = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', "
    "and must start and end with an alphanumeric character"
)
_DNS1035_LABEL = "[a-z]([-a-z0-9]*[a-z0-9])?"
_DNS1035_LABEL_TEXT = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, "
    "and end with an alphanumeric character"
)
_WILDCARD = f"\\*\\.{_DNS1123_SUBDOMAIN}"
_WILDCARD_TEXT = (
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of "
    "lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character"
)
_C_IDENTIFIER = "[A-Za-z_][A-Za-z0-9_]*"
_PERCENT = "[0-9]+%"
_HEADER_NAME = "[-A-Za-z0-9]+"
_ENV_NAME = "[-._a-zA-Z][-._a-zA-Z0-9]*"
_ENV_NAME_TEXT = (
    "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', "
    "and must not start with a digit"
)
_CONFIG_KEY = "[-._a-zA-Z0-9]+"
_HTTP_PATH = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+"

_label_key = re.compile(_LABEL_KEY).fullmatch
_label_value = re.compile(_LABEL_VALUE).fullmatch
_dns1123_label = re.compile(_DNS1123_LABEL).fullmatch
_dns1123_subdomain = re.compile(_DNS1123_SUBDOMAIN).fullmatch
_dns1123_subdomain_caseless = re.compile(_DNS1123_SUBDOMAIN, re.IGNORECASE | re.ASCII).fullmatch
_underscore_subdomain = re.compile(_UNDERSCORE_SUBDOMAIN).fullmatch
_dns1035_label = re.compile(_DNS1035_LABEL).fullmatch
_wildcard = re.compile(_WILDCARD).fullmatch
_c_identifier = re.compile(_C_IDENTIFIER).fullmatch
_percent = re.compile(_PERCENT).fullmatch
_header_name = re.compile(_HEADER_NAME).fullmatch
_env_name = re.compile(_ENV_NAME).fullmatch
_config_key = re.compile(_CONFIG_KEY).fullmatch
_http_path = re.compile(_HTTP_PATH).fullmatch

EMPTY = "must be non-empty"
LABEL_VALUE_MAX_LENGTH = 63
DNS1123_LABEL_MAX_LENGTH = 63
DNS1123_SUBDOMAIN_MAX_LENGTH = 253
_MAX_INT32 = (1 << 31) - 1


def byte_length(text: str) -> int:
    """Go's len of a string."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def max_length(limit: int) -> str:
    return f"must be no more than {limit} characters"


def max_bytes(limit: int) -> str:
    return f"must be no more than {limit} bytes"


def regex_error(text: str, pattern: str, *examples: str) -> str:
    if not examples:
        return f"{text} (regex used for validation is '{pattern}')"
    shown = " or ".join(f"'{e}', " for e in examples)
    return f"{text} (e.g. {shown}regex used for validation is '{pattern}')"


def in_range_error(low: int, high: int) -> str:
    return f"must be between {low} and {high}, inclusive"


_MOST_REMEMBERED = 4096
_LONGEST_REMEMBERED = 64


def _remembering(check: Callable[[str], list[str]]) -> Callable[[str], list[str]]:
    """`check`, for texts of which the same few come all the time: those in which it found nothing are remembered."""
    good: set[str] = set()

    @functools.wraps(check)
    def remembered(value: str) -> list[str]:
        if value in good:
            return []
        errors = check(value)
        if not errors and len(value) <= _LONGEST_REMEMBERED:
            if len(good) >= _MOST_REMEMBERED:
                good.clear()
            good.add(value)
        return errors

    return remembered


@_remembering
def is_label_key(value: str) -> list[str]:
    """A "qualified name": an optional DNS subdomain and "/", then a name of at most 63 bytes."""
    head, slash, name = value.partition("/")
    if not slash:
        name = head
    elif "/" in name:
        return [
            "a valid label key " + regex_error(_LABEL_KEY_TEXT, _LABEL_KEY, "MyName", "my.name", "123-abc")
            + " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        ]
    errors: list[str] = []
    if slash:
        if not head:
            errors.append("prefix part " + EMPTY)
        else:
            errors.extend("prefix part " + e for e in is_long_name(head))
    if not name:
        errors.append("name part " + EMPTY)
    elif byte_length(name) > 63:
        errors.append("name part " + max_bytes(63))
    if not _label_key(name):
        errors.append("name part " + regex_error(_LABEL_KEY_TEXT, _LABEL_KEY, "MyName", "my.name", "123-abc"))
    return errors


is_qualified_name = is_label_key


@_remembering
def is_label_value(value: str) -> list[str]:
    errors = [max_bytes(63)] if byte_length(value) > LABEL_VALUE_MAX_LENGTH else []
    if not _label_value(value):
        errors.append(regex_error(_LABEL_VALUE_TEXT, _LABEL_VALUE, "MyValue", "my_value", "12345"))
    return errors


@_remembering
def is_dns1123_label(value: str) -> list[str]:
    errors = [max_length(63)] if byte_length(value) > DNS1123_LABEL_MAX_LENGTH else []
    if not _dns1123_label(value):
        if _dns1123_subdomain(value):
            errors.append("must not contain dots")
        else:
            errors.append(regex_error(_DNS1123_LABEL_TEXT, _DNS1123_LABEL, "my-name", "123-abc"))
    return errors


def is_dns1123_subdomain(value: str) -> list[str]:
    if byte_length(value) <= DNS1123_SUBDOMAIN_MAX_LENGTH and _dns1123_subdomain(value):
        return []
    errors = [max_length(253)] if byte_length(value) > DNS1123_SUBDOMAIN_MAX_LENGTH else []
    if not _dns1123_subdomain(value):
        errors.append(regex_error(_DNS1123_SUBDOMAIN_TEXT, _DNS1123_SUBDOMAIN, "example.com"))
    return errors


def is_long_name(value: str) -> list[str]:
    """A DNS subdomain, in the newer wording (upstream: validate.LongName)."""
    errors = [max_bytes(253)] if byte_length(value) > DNS1123_SUBDOMAIN_MAX_LENGTH else []
    if not _dns1123_subdomain(value):
        errors.append(regex_error(_DNS1123_SUBDOMAIN_TEXT, _DNS1123_SUBDOMAIN, "example.com"))
    return errors


def is_dns1123_subdomain_caseless(value: str) -> list[str]:
    """As upstream's, which quotes the lower-case pattern (CSI and DRA driver names)."""
    errors = [max_bytes(253)] if byte_length(value) > DNS1123_SUBDOMAIN_MAX_LENGTH else []
    if not _dns1123_subdomain_caseless(value):
        errors.append(regex_error(_DNS1123_SUBDOMAIN_CASELESS_TEXT, _DNS1123_SUBDOMAIN, "Example.com"))
    return errors


def is_dns1123_subdomain_with_underscore(value: str) -> list[str]:
    errors = [max_length(253)] if byte_length(value) > DNS1123_SUBDOMAIN_MAX_LENGTH else []
    if not _underscore_subdomain(value):
        errors.append(regex_error(_UNDERSCORE_SUBDOMAIN_TEXT, _UNDERSCORE_SUBDOMAIN, "example.com"))
    return errors


def is_dns1035_label(value: str) -> list[str]:
    errors = [max_length(63)] if byte_length(value) > 63 else []
    if not _dns1035_label(value):
        errors.append(regex_error(_DNS1035_LABEL_TEXT, _DNS1035_LABEL, "my-name", "abc-123"))
    return errors


def is_wildcard_dns1123_subdomain(value: str) -> list[str]:
    errors = [max_length(253)] if byte_length(value) > DNS1123_SUBDOMAIN_MAX_LENGTH else []
    if not _wildcard(value):
        errors.append(regex_error(_WILDCARD_TEXT, _WILDCARD, "*.example.com"))
    return errors


@_remembering
def is_c_identifier(value: str) -> list[str]:
    if _c_identifier(value):
        return []
    text = (
        "a valid C identifier must start with alphabetic character or '_', "
        "followed by a string of alphanumeric characters or '_'"
    )
    return [regex_error(text, _C_IDENTIFIER, "my_name", "MY_NAME", "MyName")]


def is_in_range(value: int, low: int, high: int) -> list[str]:
    return [] if low <= value <= high else [in_range_error(low, high)]


def is_port_number(port: int) -> list[str]:
    return is_in_range(port, 1, 65535)


def is_group_id(gid: int) -> list[str]:
    return is_in_range(gid, 0, _MAX_INT32)


is_user_id = is_group_id


@_remembering
def is_port_name(port: str) -> list[str]:
    errors: list[str] = []
    if byte_length(port) > 15:
        errors.append(max_length(15))
    if not re.fullmatch("[-a-z0-9]+", port):
        errors.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not re.search("[a-z]", port):
        errors.append("must contain at least one letter (a-z)")
    if "--" in port:
        errors.append("must not contain consecutive hyphens")
    if port and (port[0] == "-" or port[-1] == "-"):
        errors.append("must not begin or end with a hyphen")
    return errors


def is_percent(percent: str) -> list[str]:
    if _percent(percent):
        return []
    text = "a valid percent string must be a numeric string followed by an ending '%'"
    return [regex_error(text, _PERCENT, "1%", "93%")]


def is_http_header_name(value: str) -> list[str]:
    if _header_name(value):
        return []
    text = "a valid HTTP header must consist of alphanumeric characters or '-'"
    return [regex_error(text, _HEADER_NAME, "X-Header-Name")]


@_remembering
def is_env_var_name(value: str) -> list[str]:
    errors = []
    if not _env_name(value):
        errors.append(regex_error(_ENV_NAME_TEXT, _ENV_NAME, "my.env-name", "MY_ENV.NAME", "MyEnvName1"))
    return errors + _chdir_prefix(value)


@_remembering
def is_relaxed_env_var_name(value: str) -> list[str]:
    errors = [] if value else ["environment variable name " + EMPTY]
    if any(not (" " <= c <= "~") or c == "=" for c in value):
        errors.append(
            "a valid environment variable name must consist only of printable ASCII characters other than '='"
        )
    return errors


@_remembering
def is_config_map_key(value: str) -> list[str]:
    """A key of a ConfigMap's or a Secret's data."""
    errors = [max_length(253)] if byte_length(value) > DNS1123_SUBDOMAIN_MAX_LENGTH else []
    if not _config_key(value):
        text = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"
        errors.append(regex_error(text, _CONFIG_KEY, "key.name", "KEY_NAME", "key-name"))
    return errors + _chdir_prefix(value)


def is_http_path(value: str) -> list[str]:
    return [] if _http_path(value) else [regex_error("Invalid path", _HTTP_PATH)]


def _chdir_prefix(value: str) -> list[str]:
    if value == ".":
        return ["must not be '.'"]
    if value == "..":
        return ["must not be '..'"]
    if value.startswith(".."):
        return ["must not start with '..'"]
    return []


def is_path_segment_name(name: str) -> list[str]:
    """Whether `name` can stand as one segment of a URL path or a storage key."""
    if name in {".", ".."}:
        return [f"may not be '{name}'"]
    return is_path_segment_prefix(name)


def is_path_segment_prefix(name: str) -> list[str]:
    if "/" not in name and "%" not in name:
        return []
    return [f"may not contain '{c}'" for c in "/%" if c in name]


def joined(errors: Sequence[str]) -> str:
    """Several texts as one detail, the way upstream's selectors put them."""
    return "; ".join(errors)
