"""The Pod Security Standards (upstream: k8s.io/pod-security-admission): levels, and the checks they are made of."""
