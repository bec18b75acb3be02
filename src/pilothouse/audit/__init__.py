"""What is written down about a request (upstream: k8s.io/apiserver pkg/audit)."""
