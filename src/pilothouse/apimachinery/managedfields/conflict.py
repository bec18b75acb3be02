"""The answer to an apply that would take fields from others (upstream: managedfields/internal/conflict.go)."""

from pilothouse.apimachinery import status
from pilothouse.apimachinery.field import go_quote
from pilothouse.apimachinery.managedfields import entries, fieldset
from pilothouse.apimachinery.managedfields.fieldset import Path
from pilothouse.apimachinery.managedfields.updater import Conflicts, Manager


def conflict_error(error: Conflicts) -> status.StatusError:
    """409 with one cause for each field."""
    conflicts = sorted(error.conflicts, key=lambda c: entries.identifier(c[0]))
    causes = [
        {
            "reason": "FieldManagerConflict",
            "message": f"conflict with {_describe(manager)}",
            "field": fieldset.display(path),
        }
        for manager, path in conflicts
    ]
    return status.apply_conflict(causes, _message(conflicts))


def _message(conflicts: list[tuple[Manager, Path]]) -> str:
    if len(conflicts) == 1:
        manager, path = conflicts[0]
        return f"Apply failed with 1 conflict: conflict with {_describe(manager)}: {fieldset.display(path)}"
    lines = []
    previous = None
    for manager, path in conflicts:
        if manager != previous:
            lines.append(f"conflicts with {_describe(manager)}:")
            previous = manager
        lines.append(f"- {fieldset.display(path)}")
    return f"Apply failed with {len(conflicts)} conflicts: " + "\n".join(lines)


def _describe(manager: Manager) -> str:
    text = go_quote(manager.name)
    if manager.subresource:
        text += f" with subresource {go_quote(manager.subresource)}"
    if manager.operation == entries.UPDATE:
        text += f" using {manager.api_version}"
    return text
