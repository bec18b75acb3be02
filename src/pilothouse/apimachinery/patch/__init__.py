"""Patches: JSON patch, merge patch and strategic merge patch, as pure functions of JSON documents.

Each `apply(doc, patch, …)` gives a new document and leaves its arguments as they are; the two may share parts.
"""
