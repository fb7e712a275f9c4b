#define _POSIX_C_SOURCE 200809L
#include "session.h"

#include <errno.h>
#include <inttypes.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "spanwire/transport/v1/transport.pb-c.h"

enum kind { HELLO = 1, WELCOME, BATCH, ACK, PING, PONG, GOODBYE, GO_AWAY };

/* What this sender accepts in one frame. The collector's frames are a few dozen bytes; the bound also keeps what
 * libprotobuf-c allocates while unpacking small. */
enum { HEAD_BYTES = 5, MAX_INCOMING_BYTES = 64 * 1024, TIMEOUT_SECONDS = 30 };
static const uint64_t DEFAULT_MAX_FRAME_BYTES = 64u << 20, DEFAULT_MAX_BATCH_WEIGHT = 1u << 20;

struct frame {
    enum kind kind;
    size_t length;
    uint8_t payload[MAX_INCOMING_BYTES];
};

static bool fail(struct session *session, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool fail(struct session *session, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(session->error, sizeof session->error, format, arguments);
    va_end(arguments);
    /* A peer's words may hold line breaks or control characters; an error is one line. */
    for (char *c = session->error; *c != '\0'; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7F) *c = ' ';
    return false;
}

static bool write_all(struct session *session, const uint8_t *bytes, size_t length) {
    if (session->capture != NULL && fwrite(bytes, 1, length, session->capture) != length)
        return fail(session, "cannot write the capture: %s", strerror(errno));
    while (length > 0) {
        ssize_t count = send(session->socket, bytes, length, MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return fail(session, "cannot send: %s", strerror(errno));
        bytes += count;
        length -= (size_t)count;
    }
    return true;
}

static bool write_frame(struct session *session, enum kind kind, const uint8_t *payload, size_t length) {
    uint8_t head[HEAD_BYTES] = {(uint8_t)kind, (uint8_t)(length >> 24), (uint8_t)(length >> 16),
                                (uint8_t)(length >> 8), (uint8_t)length};
    return write_all(session, head, sizeof head) && write_all(session, payload, length);
}

static bool write_message(struct session *session, enum kind kind, const ProtobufCMessage *message) {
    uint8_t payload[512];
    size_t length = protobuf_c_message_get_packed_size(message);
    if (length > sizeof payload) return fail(session, "message of %zu bytes, at most %zu", length, sizeof payload);
    protobuf_c_message_pack(message, payload);
    return write_frame(session, kind, payload, length);
}

static bool read_exactly(struct session *session, uint8_t *bytes, size_t length) {
    while (length > 0) {
        ssize_t count = recv(session->socket, bytes, length, 0);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return fail(session, "the collector said nothing for %d s", TIMEOUT_SECONDS);
        if (count < 0) return fail(session, "cannot receive: %s", strerror(errno));
        if (count == 0) return fail(session, "the collector closed the connection");
        bytes += count;
        length -= (size_t)count;
    }
    return true;
}

static bool answer_ping(struct session *session, const struct frame *frame) {
    Spanwire__Transport__V1__Ping *ping =
        spanwire__transport__v1__ping__unpack(NULL, frame->length, frame->payload);
    if (ping == NULL) return fail(session, "the collector sent a malformed Ping");
    Spanwire__Transport__V1__Pong pong = SPANWIRE__TRANSPORT__V1__PONG__INIT;
    pong.token = ping->token;
    spanwire__transport__v1__ping__free_unpacked(ping, NULL);
    return write_message(session, PONG, &pong.base);
}

static bool told_to_go(struct session *session, const struct frame *frame) {
    Spanwire__Transport__V1__GoAway *away =
        spanwire__transport__v1__go_away__unpack(NULL, frame->length, frame->payload);
    if (away == NULL) return fail(session, "the collector sent a malformed GoAway");
    const ProtobufCEnumValue *code =
        protobuf_c_enum_descriptor_get_value(&spanwire__transport__v1__go_away__code__descriptor, (int)away->code);
    fail(session, "told to go away: %s: %s", code != NULL ? code->name : "unknown code", away->message);
    spanwire__transport__v1__go_away__free_unpacked(away, NULL);
    return false;
}

/* The next frame that is neither Ping, Pong nor GoAway: those are dealt with here. */
static bool read_frame(struct session *session, struct frame *frame) {
    for (;;) {
        uint8_t head[HEAD_BYTES];
        if (!read_exactly(session, head, sizeof head)) return false;
        uint32_t length = (uint32_t)head[1] << 24 | (uint32_t)head[2] << 16 | (uint32_t)head[3] << 8 | head[4];
        if ((head[0] & 0x80) != 0) return fail(session, "a compressed frame, which was not agreed");
        if (length > MAX_INCOMING_BYTES)
            return fail(session, "a frame of %" PRIu32 " bytes, at most %d", length, MAX_INCOMING_BYTES);
        frame->kind = (enum kind)head[0];
        frame->length = length;
        if (!read_exactly(session, frame->payload, length)) return false;
        switch (frame->kind) {
        case PING:
            if (!answer_ping(session, frame)) return false;
            break;
        case PONG:
            break;
        case GO_AWAY:
            return told_to_go(session, frame);
        default:
            return true;
        }
    }
}

static bool connect_socket(struct session *session, const char *host, const char *port) {
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *found = NULL;
    int status = getaddrinfo(host, port, &hints, &found);
    if (status != 0) return fail(session, "cannot resolve %s: %s", host, gai_strerror(status));
    int last_error = 0;
    for (struct addrinfo *address = found; address != NULL && session->socket < 0; address = address->ai_next) {
        int candidate = socket(address->ai_family, address->ai_socktype, address->ai_protocol);
        if (candidate < 0) {
            last_error = errno;
            continue;
        }
        if (connect(candidate, address->ai_addr, address->ai_addrlen) == 0) {
            session->socket = candidate;
        } else {
            last_error = errno;
            close(candidate);
        }
    }
    freeaddrinfo(found);
    if (session->socket < 0) return fail(session, "cannot connect to %s:%s: %s", host, port, strerror(last_error));
    struct timeval patience = {.tv_sec = TIMEOUT_SECONDS};
    int on = 1;
    if (setsockopt(session->socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0 ||
        setsockopt(session->socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) != 0 ||
        setsockopt(session->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0)
        return fail(session, "cannot set up the socket: %s", strerror(errno));
    return true;
}

bool session_open(struct session *session, const char *host, const char *port,
                  const uint8_t sender_id[SENDER_ID_BYTES], const char *agent) {
    session->socket = -1;
    if (!connect_socket(session, host, port)) return false;

    Spanwire__Transport__V1__Hello hello = SPANWIRE__TRANSPORT__V1__HELLO__INIT;
    Spanwire__Transport__V1__Compression identity = SPANWIRE__TRANSPORT__V1__COMPRESSION__IDENTITY;
    hello.protocol_version = 1;
    hello.sender_id = (ProtobufCBinaryData){SENDER_ID_BYTES, (uint8_t *)sender_id};
    hello.agent = (char *)agent;
    hello.compressions = &identity;
    hello.n_compressions = 1;
    hello.max_frame_bytes = MAX_INCOMING_BYTES;
    if (!write_message(session, HELLO, &hello.base)) return false;

    struct frame frame;
    if (!read_frame(session, &frame)) return false;
    if (frame.kind != WELCOME) return fail(session, "first frame of the collector is of kind %d", (int)frame.kind);
    Spanwire__Transport__V1__Welcome *welcome =
        spanwire__transport__v1__welcome__unpack(NULL, frame.length, frame.payload);
    if (welcome == NULL) return fail(session, "the collector sent a malformed Welcome");
    bool agreed = welcome->protocol_version == 1 && welcome->compression == identity;
    session->stored_sequence = welcome->stored_sequence;
    uint64_t bytes = welcome->max_frame_bytes != 0 ? welcome->max_frame_bytes : DEFAULT_MAX_FRAME_BYTES;
    uint64_t weight = welcome->max_batch_weight != 0 ? welcome->max_batch_weight : DEFAULT_MAX_BATCH_WEIGHT;
    /* A batch weighs no more than half its bytes, so one that is short enough needs no counting. */
    session->max_payload_bytes = weight < bytes / 2 ? 2 * weight : bytes;
    session->credit = welcome->credit_bytes < INT64_MAX ? (int64_t)welcome->credit_bytes : INT64_MAX;
    spanwire__transport__v1__welcome__free_unpacked(welcome, NULL);
    return agreed || fail(session, "welcomed with what was not offered");
}

static void note_partial_success(struct session *session, const Spanwire__Transport__V1__Ack *ack) {
    if (ack->partial_success == NULL) return;
    session->rejected_spans += ack->partial_success->rejected_spans;
    if (session->warning[0] == '\0')
        snprintf(session->warning, sizeof session->warning, "%s", ack->partial_success->error_message);
}

static bool read_ack(struct session *session) {
    struct frame frame;
    if (!read_frame(session, &frame)) return false;
    if (frame.kind != ACK) return fail(session, "frame of kind %d where an Ack was due", (int)frame.kind);
    Spanwire__Transport__V1__Ack *ack = spanwire__transport__v1__ack__unpack(NULL, frame.length, frame.payload);
    if (ack == NULL) return fail(session, "the collector sent a malformed Ack");

    size_t covered = 0;
    while (covered < session->outstanding_count && session->outstanding[covered] <= ack->sequence) covered++;
    session->outstanding_count -= covered;
    memmove(session->outstanding, session->outstanding + covered,
            session->outstanding_count * sizeof session->outstanding[0]);
    int64_t room = session->credit > 0 ? INT64_MAX - session->credit : INT64_MAX;
    session->credit += ack->credit_bytes < (uint64_t)room ? (int64_t)ack->credit_bytes : room;
    note_partial_success(session, ack);
    spanwire__transport__v1__ack__free_unpacked(ack, NULL);
    return true;
}

bool session_send(struct session *session, uint64_t sequence, const uint8_t *payload, size_t length) {
    if (length > session->max_payload_bytes || length > UINT32_MAX)
        return fail(session, "batch %" PRIu64 " has %zu bytes, the collector takes %" PRIu64, sequence, length,
                    session->max_payload_bytes);
    int64_t cost = (int64_t)length + HEAD_BYTES;
    while (session->outstanding_count == MAX_OUTSTANDING ||
           (session->outstanding_count > 0 && session->credit < cost))
        if (!read_ack(session)) return false;
    session->credit -= cost;
    session->outstanding[session->outstanding_count++] = sequence;
    return write_frame(session, BATCH, payload, length);
}

bool session_finish(struct session *session) {
    while (session->outstanding_count > 0)
        if (!read_ack(session)) return false;
    Spanwire__Transport__V1__Goodbye goodbye = SPANWIRE__TRANSPORT__V1__GOODBYE__INIT;
    if (!write_message(session, GOODBYE, &goodbye.base)) return false;
    /* Everything is stored, so whatever comes before the close changes nothing; no close at all ends in a time-out. */
    uint8_t rest[256];
    for (int reads = 0; reads < 1024 && recv(session->socket, rest, sizeof rest, 0) > 0; reads++) continue;
    return true;
}

void session_close(struct session *session) {
    if (session->socket >= 0) close(session->socket);
    session->socket = -1;
}
