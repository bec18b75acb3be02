"""The objects that exist after the first start (upstream: the post-start hooks of pkg/controlplane).

Each module keeps one kind of them true, through the server's own API like any other client. The tables
(`policy.json`, `flowcontrol.json`) hold what kube-apiserver v1.36 makes.
"""
