"""The machinery below everything: kinds, object metadata, selectors, status errors, patches, field
management, codecs, the type schema.

Imports nothing of Pilothouse outside this room (upstream: k8s.io/apimachinery).
"""
