"""The filters of the request pipeline, one a file (upstream: k8s.io/apiserver pkg/server/filters and
pkg/endpoints/filters).
"""
