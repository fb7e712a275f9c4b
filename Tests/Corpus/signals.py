#!/usr/bin/env python3
"""Writes messages of every OTLP signal as google.protobuf encodes them: signals.tsv.

usage: signals.py FILE    (needs PyPI's opentelemetry-proto; signals.tsv was written with 1.45.2)

Columns: name, signal, the payload as hexadecimal digits. Spans that are damaged are traces all the same.
"""
import sys
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, InstrumentationScope, KeyValue
from opentelemetry.proto.logs.v1 import logs_pb2 as logs
from opentelemetry.proto.metrics.v1 import metrics_pb2 as metrics
from opentelemetry.proto.profiles.v1development import profiles_pb2 as profiles
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1 import trace_pb2 as trace

AT = 1_790_000_000_000_000_000
TRACE, SPAN = bytes.fromhex("5b8efff798038103d269b633813fc60c"), bytes.fromhex("eee19b7ec3c1b174")
rows = []


def text(value): return AnyValue(string_value=value)
def attribute(key, value="v"): return KeyValue(key=key, value=text(value))


def add(signal, name, *records):
    resource = Resource(attributes=[attribute("service.name", "web")])
    scope = InstrumentationScope(name="lib", version="1")
    message = {
        "traces": lambda: trace.TracesData(resource_spans=[trace.ResourceSpans(
            resource=resource, scope_spans=[trace.ScopeSpans(scope=scope, spans=records)])]),
        "logs": lambda: logs.LogsData(resource_logs=[logs.ResourceLogs(
            resource=resource, scope_logs=[logs.ScopeLogs(scope=scope, log_records=records)])]),
        "metrics": lambda: metrics.MetricsData(resource_metrics=[metrics.ResourceMetrics(
            resource=resource, scope_metrics=[metrics.ScopeMetrics(scope=scope, metrics=records)])]),
        "profiles": lambda: profiles.ProfilesData(resource_profiles=[profiles.ResourceProfiles(
            resource=resource, scope_profiles=[profiles.ScopeProfiles(scope=scope, profiles=records)])]),
    }[signal]()
    rows.append((name, signal, message.SerializeToString().hex()))


def log(label, /, **fields): add("logs", "log-" + label, logs.LogRecord(**fields))
log("full", time_unix_nano=AT, observed_time_unix_nano=AT, severity_number=9, severity_text="INFO", body=text("hello"),
    attributes=[attribute("k")], trace_id=TRACE, span_id=SPAN, flags=1)
log("body-text", body=text("hello"))
log("body-empty-text", time_unix_nano=AT, body=text(""))
log("body-long", body=text("a line of a log " * 40))
log("body-number", body=AnyValue(int_value=7))
log("body-double", body=AnyValue(double_value=2.5))
log("body-bytes", body=AnyValue(bytes_value=bytes(range(256))))
log("body-list", body=AnyValue(array_value=ArrayValue(values=[text("a"), text("b")])))
log("no-time", severity_number=17, severity_text="ERROR", body=text("no time"))
log("no-body", time_unix_nano=AT, severity_number=9)
log("time-only", time_unix_nano=AT)
log("observed-only", observed_time_unix_nano=AT)
log("severity-only", severity_number=9)
log("attributes-only", attributes=[attribute("exception.type"), attribute("exception.message")])
log("context-only", trace_id=TRACE, span_id=SPAN)
log("event", observed_time_unix_nano=AT, event_name="user.login", body=text("x"), flags=1)
add("logs", "log-many", *[logs.LogRecord(time_unix_nano=AT + i, body=text(f"line {i}")) for i in range(20)])
add("logs", "log-one-empty-of-three", logs.LogRecord(), logs.LogRecord(body=text("a")), logs.LogRecord(time_unix_nano=1))

point = metrics.NumberDataPoint(time_unix_nano=AT, start_time_unix_nano=AT - 9, as_int=3, attributes=[attribute("k")])
double = metrics.NumberDataPoint(time_unix_nano=AT, as_double=0.5)
histogram = metrics.HistogramDataPoint(time_unix_nano=AT, count=3, sum=4.5, bucket_counts=[1, 2], explicit_bounds=[1.0])
exponential = metrics.ExponentialHistogramDataPoint(time_unix_nano=AT, count=1, sum=2.0, scale=3)
summary = metrics.SummaryDataPoint(time_unix_nano=AT, count=1, sum=2.0)
kinds = {
    "gauge": dict(gauge=metrics.Gauge(data_points=[point])),
    "gauge-double": dict(gauge=metrics.Gauge(data_points=[double, double])),
    "sum": dict(sum=metrics.Sum(data_points=[point], aggregation_temporality=2, is_monotonic=True)),
    "histogram": dict(histogram=metrics.Histogram(data_points=[histogram], aggregation_temporality=2)),
    "exponential": dict(exponential_histogram=metrics.ExponentialHistogram(
        data_points=[exponential], aggregation_temporality=1)),
    "summary": dict(summary=metrics.Summary(data_points=[summary])),
    "empty-sum": dict(sum=metrics.Sum()),
    "none": {},
}
for kind, data in kinds.items():
    add("metrics", "metric-" + kind, metrics.Metric(name="http.requests", description="how many", unit="1", **data))
    add("metrics", "metric-bare-" + kind, metrics.Metric(name="requests", **data))
    if kind != "none":
        # As long as the ids of a span.
        add("metrics", "metric-id-lengths-" + kind,
            metrics.Metric(name="queue.length.now", description="how long", **data))
add("metrics", "metric-not-ascii", metrics.Metric(name="größe.der.schlange", description="wie lang", **kinds["gauge"]))
add("metrics", "metric-metadata", metrics.Metric(name="x", metadata=[attribute("prometheus.type")], **kinds["sum"]))

add("profiles", "profile", profiles.Profile(
    time_unix_nano=AT, duration_nano=10, profile_id=TRACE, period=10, samples=[profiles.Sample(stack_index=1)]))
add("profiles", "profile-id-only", profiles.Profile(profile_id=TRACE))


def span(label, /, **fields): add("traces", "span-" + label, trace.Span(**fields))
whole = dict(trace_id=TRACE, span_id=SPAN, name="GET /", kind=2, start_time_unix_nano=AT, end_time_unix_nano=AT + 5)
span("whole", **whole)
span("full", **whole, trace_state="a=b", parent_span_id=SPAN, attributes=[attribute("k")], flags=257,
     events=[trace.Span.Event(time_unix_nano=AT, name="e")], links=[trace.Span.Link(trace_id=TRACE, span_id=SPAN)],
     status=trace.Status(message="m", code=2), dropped_attributes_count=1, dropped_events_count=1, dropped_links_count=1)
span("ids-only", trace_id=TRACE, span_id=SPAN)
span("ascii-ids", trace_id=b"0123456789abcdef", span_id=b"01234567")
span("ascii-ids-name", trace_id=b"0123456789abcdef", span_id=b"01234567", name="x")
span("hex-text-ids", **{**whole, "trace_id": TRACE.hex().encode(), "span_id": SPAN.hex().encode()})
span("short-ids", **{**whole, "trace_id": TRACE[:15], "span_id": SPAN[:7]})
span("swapped-ids", **{**whole, "trace_id": SPAN, "span_id": TRACE})
span("no-trace-id", **{**whole, "trace_id": b""})
span("no-span-id", **{**whole, "span_id": b""})
span("no-ids", **{**whole, "trace_id": b"", "span_id": b""})
span("zero-ids", **{**whole, "trace_id": bytes(16), "span_id": bytes(8)})
span("name-only", name="GET /users")
span("name-only-emoji", name="☕")
span("times-only", start_time_unix_nano=AT, end_time_unix_nano=AT + 1)
span("attributes-only", attributes=[attribute("k")])
span("events-only", events=[trace.Span.Event(time_unix_nano=AT, name="e")])
span("links-only", links=[trace.Span.Link(trace_id=TRACE, span_id=SPAN)])
span("status-only", status=trace.Status(code=2))
span("parent-only", parent_span_id=SPAN)
span("flags-only", flags=1)
span("kind-only", kind=3)
span("drops-only", dropped_attributes_count=2)
span("empty")
span("running", trace_id=TRACE, span_id=SPAN, name="x", start_time_unix_nano=AT)
span("control-name", **{**whole, "name": "a\nb"})
span("long-name", **{**whole, "name": "x" * 300})
add("traces", "spans-none")
add("traces", "spans-many", *[trace.Span(**whole) for _ in range(20)])
add("traces", "spans-some-damaged", trace.Span(), trace.Span(**whole), trace.Span(name="x"))
rows.append(("nothing", "traces", ""))
rows.append(("resource-only", "traces", trace.TracesData(resource_spans=[trace.ResourceSpans()]).SerializeToString().hex()))

with open(sys.argv[1], "w") as file:
    file.write("name\tsignal\tpayload\n")
    for row in rows:
        file.write("\t".join(row) + "\n")
