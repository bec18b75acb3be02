"""Calls of webhooks (upstream: k8s.io/apiserver pkg/util/webhook)."""
