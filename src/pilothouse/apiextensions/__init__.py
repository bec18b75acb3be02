"""CustomResourceDefinitions and the resources they define (upstream: k8s.io/apiextensions-apiserver)."""
