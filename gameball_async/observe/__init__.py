"""
What a client does, for logging, hooks and OpenTelemetry: observers, which never affect a run.

`events` holds what may happen, as values, and `stream` passes each event to those who subscribe; both are pure.
`logging`, `hooks` and `otel` subscribe: they write records, call the user's functions and make spans.
"""
