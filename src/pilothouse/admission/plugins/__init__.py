"""The admission plugins, one a file. `admission.chain` imports those that are enabled."""
