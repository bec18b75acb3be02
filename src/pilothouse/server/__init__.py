"""The generic API server: chain, director, mux, delegation, lifecycle, hooks, health, shutdown
(upstream: k8s.io/apiserver pkg/server).
"""
