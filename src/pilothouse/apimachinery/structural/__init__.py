"""Structural schemas of custom resources (upstream: k8s.io/apiextensions-apiserver pkg/apiserver/schema)."""
