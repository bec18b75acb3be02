"""Who is asking: one protocol, one file for each authenticator, and their union (upstream:
k8s.io/apiserver pkg/authentication).
"""
