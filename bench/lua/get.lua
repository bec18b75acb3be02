-- The same GET again and again; the report that all scripts share.
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    'bench: {"requests": %d, "bytes": %d, "microseconds": %d, "p50": %d, "p99": %d, "errors": ' ..
    '{"connect": %d, "read": %d, "write": %d, "status": %d, "timeout": %d}}\n',
    summary.requests, summary.bytes, summary.duration, latency:percentile(50), latency:percentile(99),
    e.connect, e.read, e.write, e.status, e.timeout))
end
