"""Build hook: compiles the type schema into `pilothouse/apimachinery/schema/_compiled/`.

Built-in types come from two sources: the OpenAPI definitions that the `kubernetes-validate` package carries
(a build requirement only), and `go_fields.tsv`, the facts about Go's declarations that OpenAPI lacks. What
comes out is JSON, in the shape that `pilothouse.apimachinery.schema.catalog` reads: `types.json` (loaded at
start) and `openapi.json` (descriptions and the like, loaded when somebody asks for OpenAPI).
"""

import importlib.util
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
        compiler = _load(Path(self.root) / "tools" / "compile_schema.py")
        compiled = folder / "_compiled"
        compiled.mkdir(exist_ok=True)
        for name, document in compiler.compile_schema(folder).items():
            text = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
            (compiled / name).write_text(text, encoding="utf-8")


def _load(path: Path) -> Any:
    """Import a file that stands outside every package."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"no module at {path}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module
