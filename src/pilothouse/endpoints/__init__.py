"""The verbs over HTTP, one a file; negotiation, tables, discovery, OpenAPI (upstream: k8s.io/apiserver
pkg/endpoints).
"""
