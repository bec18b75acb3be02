"""Bytes to objects and back: JSON, YAML, and the object decoder of the API's bodies."""
