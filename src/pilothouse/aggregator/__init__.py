"""APIServices and the proxy to other API servers (upstream: k8s.io/kube-aggregator)."""
