"""What a write must still pass after authorization: one protocol, one file for each plugin, and the
chain (upstream: k8s.io/apiserver pkg/admission).
"""
