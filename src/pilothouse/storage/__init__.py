"""The backend protocol, the watch cache, the backends and the conformance kit that every backend
passes (upstream: k8s.io/apiserver pkg/storage).
"""
