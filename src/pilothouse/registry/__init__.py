"""The generic store and the strategies; a folder for each API group (upstream: pkg/registry and
k8s.io/apiserver pkg/registry).
"""
