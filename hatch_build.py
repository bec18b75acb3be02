"""Build hook: compiles the type schema into `pilothouse/apimachinery/schema/_compiled/`.

Built-in types come from two sources: the OpenAPI definitions that the `kubernetes-validate` package carries
(a build requirement only), and `go_fields.tsv` and `go_enums.tsv`, the facts about Go's declarations that OpenAPI
lacks. What comes out is JSON, in the shape that `pilothouse.apimachinery.schema.catalog` reads: `types.json` (loaded
at start) and the definitions with descriptions (loaded when somebody asks for OpenAPI).
"""

import importlib
import json
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SCHEMA = "src/pilothouse/apimachinery/schema"


class CustomBuildHook(BuildHookInterface[Any]):
    """Runs for wheels and editable installs alike (hatchling's `initialize` comes before files are collected)."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        folder = Path(self.root) / SCHEMA
        sys.path.insert(0, str(Path(self.root) / "tools"))
        compiler = importlib.import_module("compile_schema")
        compiled = folder / "_compiled"
        compiled.mkdir(exist_ok=True)
        for name, document in compiler.compile_schema(folder).items():
            text = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
            (compiled / name).write_text(text, encoding="utf-8")

