"""Priority and fairness (upstream: k8s.io/apiserver pkg/util/flowcontrol)."""
