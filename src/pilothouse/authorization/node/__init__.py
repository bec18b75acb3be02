"""What nodes may do: only what concerns the pods that run on them (upstream: plugin/pkg/auth/authorizer/node)."""
