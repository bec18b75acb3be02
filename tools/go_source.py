"""Reads how Go declares the API types: structs, aliases, constants and enums of a Kubernetes source tree."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

STAGING = "staging/src"
ROOTS = (
    "k8s.io/api",
    "k8s.io/apimachinery/pkg/apis/meta/v1",
    "k8s.io/apimachinery/pkg/runtime",
    "k8s.io/apimachinery/pkg/version",
    "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1",
    "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1",
)

_STRUCT = re.compile(r"^type (\w+) struct \{$")
_ALIAS = re.compile(r"^type (\w+) (?:= )?(\w+)\.(\w+)$")
_TEXT_TYPE = re.compile(r"^type (\w+) string$")
_FIELD = re.compile(r"^\t(?:(\w+)\s+)?([\w.*\[\]]+)\s+`([^`]*)`")
_DEFAULT = re.compile(r"\+default=(.*)$")
_CONSTANT = re.compile(r'^(?:const )?\t?(\w+)\s+(\w*)\s*= "(.*)"(?:\s*//.*)?$')
_CONVERTED = re.compile(r'^(?:const )?\t?(\w+)\s*= (\w+)\((?:"(.*)"|(\w+)\.(\w+))\)$')
_COMMENT = re.compile(r"^\t?// ?(.*)$")
_TAG = re.compile(r'(\w+):"([^"]*)"')
_IMPORT = re.compile(r'^(?:import)?\s+(?:(\w+)\s+)?"([^"]+)"$')
_QUALIFIED = re.compile(r"\b(?:(\w+)\.)?([A-Z]\w*)\b")

#: A Go type: (package path, name).
TypeName = tuple[str, str]


@dataclass
class Member:
    """One field. An embedded struct has `embedded` set; `element` is the named type that the field, its items or
    its values have, if it is one; `blank` says that the field's description ends with an empty line."""

    json: str
    omit: str
    go_type: str
    number: str
    default: str = "-"
    embedded: TypeName | None = None
    element: TypeName | None = None
    blank: bool = False


@dataclass
class Package:
    path: str
    structs: dict[str, list[Member]] = field(default_factory=dict)
    aliases: dict[str, TypeName] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    #: enum type -> value -> what its comment says
    enums: dict[str, dict[str, str]] = field(default_factory=dict)


class Source:
    """All API packages of the tree at `root`."""

    def __init__(self, root: str) -> None:
        self.packages: dict[str, Package] = {}
        base = Path(root) / STAGING
        for start in ROOTS:
            for path in sorted((base / start).rglob("*.go")):
                if path.name.endswith("_test.go") or path.name.startswith(("zz_", "generated", "doc.go")):
                    continue
                package = str(path.parent.relative_to(base))
                if "/testing" not in package and "/testapigroup" not in package:
                    self._read(path.read_text(), self.packages.setdefault(package, Package(package)))

    def resolve(self, package: str, name: str) -> TypeName:
        """What an alias stands for in the end."""
        while package in self.packages and name in self.packages[package].aliases:
            package, name = self.packages[package].aliases[name]
        return package, name

    def members(self, package: str, name: str) -> Iterator[Member]:
        """The JSON fields of a struct, embedded structs flattened; nothing for what is no struct."""
        package, name = self.resolve(package, name)
        if package not in self.packages:
            return
        for member in self.packages[package].structs.get(name, ()):
            if member.embedded is None:
                yield member
                continue
            for m in self.members(*member.embedded):
                # what stands in an embedded struct without a number (TypeMeta) is not in the message
                number = "-" if "-" in (member.number, m.number) else f"{member.number}.{m.number}"
                yield Member(m.json, m.omit, m.go_type, number, m.default, element=m.element, blank=m.blank)

    def _read(self, text: str, package: Package) -> None:
        imports: dict[str, str] = {}
        members: list[Member] | None = None
        comments: list[str] = []
        for line in text.splitlines():
            if m := _COMMENT.match(line):
                comments.append(m[1])
                continue
            if members is None:
                if m := _STRUCT.match(line):
                    members = package.structs[m[1]] = []
                else:
                    self._declaration(line, comments, imports, package)
            elif line == "}":
                members = None
            elif m := _FIELD.match(line):
                member = _member(m[1], m[2], m[3], package.path, imports)
                if member:
                    member.default = next((d[1].strip() for c in comments if (d := _DEFAULT.match(c))), "-")
                    said = [c.strip() for c in comments if not c.lstrip().startswith("+")]
                    member.blank = bool(said) and not said[-1]
                    members.append(member)
            comments = []

    def _declaration(self, line: str, comments: list[str], imports: dict[str, str], package: Package) -> None:
        if m := _IMPORT.match(line):
            imports[m[1] or m[2].rsplit("/", 1)[-1]] = m[2]
        elif m := _ALIAS.match(line):
            package.aliases[m[1]] = (imports[m[2]], m[3])
        elif m := _TEXT_TYPE.match(line):
            if "+enum" in (c.strip() for c in comments):
                package.enums.setdefault(m[1], {})
        elif m := _CONSTANT.match(line):
            package.constants[m[1]] = m[3]
            _enum_value(package, m[2], m[1], m[3], comments)
        elif m := _CONVERTED.match(line):
            # Text("x") or Text(other.Constant), of a package that was read before this one
            value = m[3] if m[4] is None else self.packages[imports[m[4]]].constants[m[5]]
            _enum_value(package, m[2], m[1], value, comments)


def _enum_value(package: Package, enum: str, name: str, value: str, comments: list[str]) -> None:
    said = " ".join(" ".join(comments).strip().removeprefix(name).split())
    values = package.enums.get(enum)
    if values is not None and len(values.get(value, "")) <= len(said):
        values[value] = said


def _member(name: str | None, go_type: str, tag: str, package: str, imports: dict[str, str]) -> Member | None:
    tags = dict(_TAG.findall(tag))
    if "json" not in tags:
        return None
    json_name, *options = tags["json"].split(",")
    if json_name == "-":
        return None
    number = (tags.get("protobuf", "").split(",")[1:2] or ["-"])[0]
    alias, _, type_name = go_type.rpartition("]")[2].lstrip("*").rpartition(".")
    named = (imports.get(alias, alias) if alias else package, type_name)
    if not json_name and name is None:
        return Member("", "", go_type, number, embedded=named)
    omit = "zero" if "omitzero" in options else "empty" if "omitempty" in options else "-"
    return Member(json_name or str(name), omit, _printed(go_type, package, imports), number, element=named)


def _printed(go_type: str, package: str, imports: dict[str, str]) -> str:
    """The type as reflect prints it: qualified with the package's own name, whatever the file calls it."""

    def qualify(m: re.Match[str]) -> str:
        path = imports.get(m[1], m[1]) if m[1] else package
        return f"{path.rsplit('/', 1)[-1]}.{m[2]}"

    return _QUALIFIED.sub(qualify, go_type)
