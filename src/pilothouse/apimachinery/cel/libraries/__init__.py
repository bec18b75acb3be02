"""The functions of CEL's standard library, its extensions and the Kubernetes libraries, one a file."""
