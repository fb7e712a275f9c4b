"""The `payment` and `mailer` services of the checkout (see Interop/README.md for the contract and the story)."""

import os
import sys

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status
from session import Connection, ProtocolFault
from spanwire.transport.v1.transport_pb2 import Batch

CHARGE_CALL = "c000000000000004"  # checkout's client span, parent of ours
PUBLISH = "c000000000000005"  # checkout's producer span


def value(of):
    if isinstance(of, bool):
        return AnyValue(bool_value=of)
    if isinstance(of, int):
        return AnyValue(int_value=of)
    if isinstance(of, float):
        return AnyValue(double_value=of)
    if isinstance(of, list):
        return AnyValue(array_value=ArrayValue(values=[value(item) for item in of]))
    return AnyValue(string_value=of)


def attributes(of):
    return [KeyValue(key=key, value=value(item)) for key, item in of.items()]


class Story:
    """Makes spans of one trace; moments are milliseconds after the request began."""

    def __init__(self, trace_id, base):
        self.trace_id, self.base = trace_id, base

    def at(self, milliseconds):
        return self.base + round(milliseconds * 1_000_000)

    def span(self, span_id, parent, name, kind, start, end, **more):
        facts = more.pop("attributes", {})
        return Span(
            trace_id=self.trace_id, span_id=bytes.fromhex(span_id), parent_span_id=bytes.fromhex(parent), name=name,
            kind=kind, flags=0x301 if kind in (Span.SPAN_KIND_SERVER, Span.SPAN_KIND_CONSUMER) else 0x101,
            start_time_unix_nano=self.at(start), end_time_unix_nano=self.at(end), attributes=attributes(facts), **more)

    def payment(self):
        bank = {"http.request.method": "POST", "url.full": "https://api.bank.example/v2/charges",
                "server.address": "api.bank.example", "server.port": 443}
        timed_out = Span.Event(
            time_unix_nano=self.at(189.5), name="exception",
            attributes=attributes({
                "exception.type": "TimeoutError",
                "exception.message": "Zeitüberschreitung: keine Antwort nach 115 ms",
                "exception.stacktrace": "Traceback (most recent call last):\n  File \"bank.py\", line 41, in charge\n"
                                        "TimeoutError: timed out"}))
        first_try = Span.Link(
            trace_id=self.trace_id, span_id=bytes.fromhex("e000000000000003"), flags=0x101,
            attributes=attributes({"spanwire.link.reason": "retry of"}))
        return [
            self.span("e000000000000001", CHARGE_CALL, "POST /charge", Span.SPAN_KIND_SERVER, 60, 385, attributes={
                "http.request.method": "POST", "http.route": "/charge", "url.path": "/charge", "url.scheme": "http",
                "http.response.status_code": 201, "server.address": "payment", "server.port": 8080,
                "client.address": "10.4.2.17", "user_agent.original": "checkout/2.8 (libcurl)"}),
            self.span("e000000000000002", "e000000000000001", "validate card", Span.SPAN_KIND_INTERNAL, 63, 70.25,
                      attributes={"payment.card.network": "visa", "payment.card.checks": ["luhn", "expiry", "cvc"],
                                  "payment.amount": 129.9, "payment.three_d_secure": True}),
            self.span("e000000000000003", "e000000000000001", "POST", Span.SPAN_KIND_CLIENT, 72, 190,
                      attributes=dict(bank, **{"error.type": "timeout"}), events=[timed_out],
                      status=Status(code=Status.STATUS_CODE_ERROR, message="no answer from the bank")),
            self.span("e000000000000004", "e000000000000001", "POST", Span.SPAN_KIND_CLIENT, 210, 370,
                      attributes=dict(bank, **{"http.response.status_code": 200, "http.request.resend_count": 1}),
                      links=[first_try]),
            self.span("e000000000000005", "e000000000000001", "INSERT payments.charges", Span.SPAN_KIND_CLIENT, 372,
                      382.125, attributes={
                          "db.system.name": "postgresql", "db.namespace": "payments", "db.operation.name": "INSERT",
                          "db.collection.name": "charges", "server.address": "pg-payments", "server.port": 5432,
                          "db.query.text": "INSERT INTO charges (order_id, amount, holder) VALUES ($1, $2, $3)",
                          "payment.holder": "Zoë Müller-Łukasik"}),
        ]

    def mailer(self):
        order = Span.Link(trace_id=self.trace_id, span_id=bytes.fromhex(PUBLISH), flags=0x301)
        return [
            self.span("f000000000000001", PUBLISH, "process orders", Span.SPAN_KIND_CONSUMER, 410, 620, links=[order],
                      attributes={
                          "messaging.system": "kafka", "messaging.operation.type": "process",
                          "messaging.operation.name": "process", "messaging.destination.name": "orders",
                          "messaging.consumer.group.name": "mailer", "messaging.kafka.offset": 918273,
                          "messaging.destination.partition.id": "3"}),
            self.span("f000000000000002", "f000000000000001", "render mail", Span.SPAN_KIND_INTERNAL, 414, 452.5,
                      attributes={"mail.template": "order-confirmation", "mail.language": "ja",
                                  "mail.subject": "ご注文ありがとうございます 🛒"}),
        ]


def resource_spans(service, version, scope, spans):
    resource = Resource(attributes=attributes({
        "service.name": service, "service.version": version, "service.namespace": "shop",
        "service.instance.id": f"{service}-1", "telemetry.sdk.language": "python", "process.pid": os.getpid()}))
    return ResourceSpans(resource=resource, scope_spans=[
        ScopeSpans(scope=InstrumentationScope(name=scope, version="1.0.0"), spans=spans)])


def main(arguments):
    if len(arguments) != 5:
        print("usage: payment.py HOST PORT TRACE_ID BASE_UNIX_NANO CAPTURE", file=sys.stderr)
        return 2
    host, port, trace, base, capture = arguments
    try:
        port, base, trace_id = int(port), int(base), bytes.fromhex(trace)
        if len(trace_id) != 16 or not any(trace_id):
            raise ValueError("TRACE_ID must be 32 hex digits, not all 0")
        if not (0 < port < 1 << 16 and 0 < base < 1 << 63):
            raise ValueError("PORT or BASE_UNIX_NANO is out of range")
    except ValueError as fault:
        print(f"payment.py: {fault}", file=sys.stderr)
        return 2

    story = Story(trace_id, base)
    spans = [resource_spans("payment", "3.1.4", "payment.server", story.payment()),
             resource_spans("mailer", "1.7.0", "mailer.worker", story.mailer())]
    batches = {number: Batch(sequence=number, resource_spans=spans).SerializeToString() for number in (1, 2)}
    with open(capture + ".pb", "wb") as payload:
        payload.write(batches[1])

    sender_id, agent = os.urandom(16), "spanwire-interop-python/1"
    try:
        with open(capture + ".frames", "wb") as frames:
            # The connection breaks before the ack is read, so the batch is under way again on the next one, unless
            # Welcome says that it was stored; then the same spans come once more under a new sequence.
            first = Connection(host, port, sender_id, agent, capture=frames)
            first.send(1, batches[1])
            first.socket.close()
            second = Connection(host, port, sender_id, agent, capture=frames)
            for number, payload in batches.items():
                if number > second.stored_sequence:
                    second.send(number, payload)
            second.finish()
    except (OSError, ProtocolFault, ValueError) as fault:
        print(f"payment.py: {fault}", file=sys.stderr)
        return 1
    if second.rejected or second.warnings:
        print(f"payment.py: {second.rejected} spans rejected: {second.warnings}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
