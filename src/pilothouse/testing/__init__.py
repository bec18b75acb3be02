"""An embedded server and pytest fixtures for users."""
