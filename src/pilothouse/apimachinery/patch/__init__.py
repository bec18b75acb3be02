"""Patches: JSON patch, merge patch, strategic merge patch. Pure functions of documents."""
