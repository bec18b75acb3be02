"""Who did what and when: policy, events and where they go (upstream: k8s.io/apiserver pkg/audit, plugin/pkg/audit)."""
