"""Logs, metrics, traces and profiles. Imports nothing of Pilothouse outside this room."""
