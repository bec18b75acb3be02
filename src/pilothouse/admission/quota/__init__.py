"""Measuring what objects use (upstream: k8s.io/apiserver pkg/quota/v1, pkg/quota/v1/evaluator/core).

Shared by the ResourceQuota plugin, which charges for what comes, and the controller that counts what is there.
"""
