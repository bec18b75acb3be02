"""The socket side: HTTP server, TLS material, peer certificates, upgrades. The only place where ASGI
stands.
"""
