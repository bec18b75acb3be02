"""What Pilothouse costs, measured against a bare answer of the same HTTP server on the same machine."""
