"""HTTP/2 connections, on the ngh2 library (libnghttp2 without I/O). Imported only where HTTP/2 is served."""
