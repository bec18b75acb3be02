"""The kube-apiserver: the groups it installs, bootstrap objects, service CIDRs, the kubernetes service
(upstream: pkg/controlplane).
"""
