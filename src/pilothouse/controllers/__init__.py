"""The few controllers without which a lone API server is unusable. They are clients of the server like
any other.
"""
