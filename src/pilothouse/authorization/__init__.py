"""Whether they may: one protocol, one file for each authorizer, and their union (upstream:
k8s.io/apiserver pkg/authorization).
"""
