"""Paths that every server offers outside of its API groups (upstream: k8s.io/apiserver pkg/server/routes)."""
