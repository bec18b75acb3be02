"""Handing a request on to another server (upstream: k8s.io/apimachinery pkg/util/proxy).

`location` says where to, `backend` how to reach it, `forward` carries a request and its answer, `upgrade` a
connection that changes its protocol (WebSocket, SPDY), `rewrite` makes the answer's links lead back here.
"""
