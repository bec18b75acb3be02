"""OpenAPI v2 and v3 documents and the handlers that serve them (upstream: k8s.io/kube-openapi, apiserver routes)."""
