"""Extract how Go declares the API types, from a Kubernetes source tree.

Usage: tools/extract_go_fields.py KUBERNETES_SOURCE > src/pilothouse/apimachinery/schema/go_fields.tsv

OpenAPI says which fields a type has; it does not say in which order Go writes them, when Go leaves them
out, which Go type holds them, or their protobuf numbers. One line for each JSON field of each struct:
OpenAPI type name, JSON name, omit ("-", "empty", "zero"), Go type as Go prints it, and the path of protobuf
numbers ("2.5" is field 5 of the embedded message in field 2; "-" is none), and the declared default as JSON
("-" is none). Embedded structs are flattened.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import compile_schema

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
_FIELD = re.compile(r"^\t(?:(\w+)\s+)?([\w.*\[\]]+)\s+`([^`]*)`")
_DEFAULT = re.compile(r"^\t// ?\+default=(.*)$")
_CONSTANT = re.compile(r'^(?:const )?\t?(\w+)\s+\w*\s*= (".*")$')
_TAG = re.compile(r'(\w+):"([^"]*)"')
_IMPORT = re.compile(r'^(?:import)?\s+(?:(\w+)\s+)?"([^"]+)"$')
_QUALIFIED = re.compile(r"\b(?:(\w+)\.)?([A-Z]\w*)\b")


@dataclass
class Member:
    """One line of a struct. An embedded struct has `embedded` set to (package path, type name)."""

    json: str
    omit: str
    go_type: str
    number: str
    default: str = "-"
    embedded: tuple[str, str] | None = None


@dataclass
class Package:
    path: str
    structs: dict[str, list[Member]] = field(default_factory=dict)
    aliases: dict[str, tuple[str, str]] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)


def openapi_name(package: str, name: str) -> str:
    domain, _, rest = package.partition("/")
    return ".".join([*reversed(domain.split(".")), *rest.split("/"), name])


def parse_file(path: Path, package: Package) -> None:
    imports: dict[str, str] = {}
    members: list[Member] | None = None
    default = "-"
    for line in path.read_text().splitlines():
        if members is None:
            if m := _IMPORT.match(line):
                imports[m[1] or m[2].rsplit("/", 1)[-1]] = m[2]
            elif m := _STRUCT.match(line):
                members = package.structs[m[1]] = []
            elif m := _ALIAS.match(line):
                package.aliases[m[1]] = (imports[m[2]], m[3])
            elif m := _CONSTANT.match(line):
                package.constants[m[1]] = m[2]
        elif line == "}":
            members = None
        elif m := _DEFAULT.match(line):
            default = m[1].strip()
        elif m := _FIELD.match(line):
            member = parse_member(m[1], m[2], m[3], package.path, imports)
            if member:
                member.default = default
                members.append(member)
            default = "-"


def parse_member(name: str | None, go_type: str, tag: str, package: str, imports: dict[str, str]) -> Member | None:
    tags = dict(_TAG.findall(tag))
    if "json" not in tags:
        return None
    json_name, *options = tags["json"].split(",")
    if json_name == "-":
        return None
    number = tags.get("protobuf", "").split(",")[1:2]
    if not json_name and name is None:
        alias, _, type_name = go_type.rpartition(".")
        return Member("", "", go_type, number[0] if number else "-", embedded=(imports.get(alias, package), type_name))
    omit = "zero" if "omitzero" in options else "empty" if "omitempty" in options else "-"
    return Member(json_name or str(name), omit, printed(go_type, package, imports), number[0] if number else "-")


def printed(go_type: str, package: str, imports: dict[str, str]) -> str:
    """The type as reflect prints it: qualified with the package's own name, whatever the file calls it."""

    def qualify(m: re.Match[str]) -> str:
        path = imports.get(m[1], m[1]) if m[1] else package
        return f"{path.rsplit('/', 1)[-1]}.{m[2]}"

    return _QUALIFIED.sub(qualify, go_type)


def flatten(packages: dict[str, Package], package: str, name: str) -> Iterator[Member]:
    package, name = packages[package].aliases.get(name, (package, name))
    if package not in packages:
        return  # an alias of something that is no API type
    for member in packages[package].structs.get(name, ()):
        if member.embedded is None:
            yield member
            continue
        where, inner = member.embedded
        for m in flatten(packages, where, inner):
            number = m.number if "-" in (member.number, m.number) else f"{member.number}.{m.number}"
            yield Member(m.json, m.omit, m.go_type, number, m.default)


def resolve(default: str, package: Package) -> str:
    """`ref(Name)` names a constant of the package."""
    return package.constants[default[4:-1]] if default.startswith("ref(") else default


def main(source: str) -> None:
    base = Path(source) / STAGING
    packages: dict[str, Package] = {}
    for root in ROOTS:
        for path in sorted((base / root).rglob("*.go")):
            if path.name.endswith("_test.go") or path.name.startswith(("zz_", "generated", "doc.go")):
                continue
            package = str(path.parent.relative_to(base))
            if "/testing" not in package and "/testapigroup" not in package:
                parse_file(path, packages.setdefault(package, Package(package)))
    print("# type\tfield\tomit\tgo type\tprotobuf number\tdefault")
    served = {name.rpartition(".")[0] for name in compile_schema.definitions()}
    for path in sorted(p for p in packages if openapi_name(p, "")[:-1] in served):
        for name in sorted(packages[path].structs.keys() | packages[path].aliases.keys()):
            for m in flatten(packages, path, name):
                default = resolve(m.default, packages[path])
                print(openapi_name(path, name), m.json, m.omit, m.go_type, m.number, default, sep="\t")


if __name__ == "__main__":
    main(sys.argv[1])
