"""Extract the facts about Go's API types that OpenAPI lacks, from a Kubernetes source tree.

Usage: python tools/extract_go_facts.py KUBERNETES_SOURCE

Writes two tables beside the schema. `go_fields.tsv` has a line for each JSON field of each struct, embedded structs
flattened: OpenAPI type name, JSON name, omit ("-", "empty", "zero"), Go type as Go prints it, the path of protobuf
numbers ("2.5" is field 5 of the embedded message in field 2; "-" is none), the declared default as JSON, the enum
that it, its items or its values have, and "blank" if an empty line ends its description (upstream's generator then
leaves a wider gap before the enum's values). `go_enums.tsv` has the enums: name, value, what is said of it.
"""

import json
import sys
from pathlib import Path

import compile_schema
from go_source import Member, Source

OUT = Path(__file__).parent.parent / "src/pilothouse/apimachinery/schema"


def openapi_name(package: str, name: str) -> str:
    domain, _, rest = package.partition("/")
    return ".".join([*reversed(domain.split(".")), *rest.split("/"), name])


def field_line(source: Source, package: str, name: str, member: Member) -> str:
    default = member.default
    if default.startswith("ref("):
        default = json.dumps(source.packages[package].constants[default[4:-1]])
    enum = enum_of(source, member)
    columns = [
        openapi_name(package, name), member.json, member.omit, member.go_type, member.number, default,
        openapi_name(*enum) if enum else "-", "blank" if enum and member.blank else "-",
    ]  # fmt: skip
    return "\t".join(columns)


def enum_of(source: Source, member: Member) -> tuple[str, str] | None:
    if member.element is None:
        return None
    package, name = source.resolve(*member.element)
    found = source.packages.get(package)
    return (package, name) if found and name in found.enums else None


def main(root: str) -> None:
    source = Source(root)
    served = {name.rpartition(".")[0] for name in compile_schema.definitions()}
    fields = ["# type\tfield\tomit\tgo type\tprotobuf number\tdefault\tenum\tblank"]
    enums: dict[str, list[str]] = {}
    for path, package in sorted(source.packages.items()):
        if openapi_name(path, "")[:-1] not in served:
            continue
        for name in sorted(package.structs.keys() | package.aliases.keys()):
            for member in source.members(path, name):
                fields.append(field_line(source, path, name, member))
                enum = enum_of(source, member)
                if enum:
                    values = source.packages[enum[0]].enums[enum[1]]
                    said = [f"{openapi_name(*enum)}\t{value}\t{text}" for value, text in sorted(values.items())]
                    enums[openapi_name(*enum)] = said
    lines = ["# enum\tvalue\tsaid of it", *(line for _, said in sorted(enums.items()) for line in said)]
    (OUT / "go_fields.tsv").write_text("\n".join(fields) + "\n", encoding="utf-8")
    (OUT / "go_enums.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
