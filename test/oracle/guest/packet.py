# SPDX-License-Identifier: Apache-2.0
"""Packets as scenarios describe them, turned into bytes: IPv4 and IPv6 with options, extension headers and
fragments; TCP, UDP, SCTP chunks, ICMP about another packet."""

import struct
from ipaddress import ip_address

PROTOCOLS = {"icmp": 1, "tcp": 6, "udp": 17, "esp": 50, "ah": 51, "icmp6": 58, "sctp": 132}
TCP_FLAGS = {"F": 1, "S": 2, "R": 4, "P": 8, "A": 16, "U": 32, "E": 64, "C": 128}
EXTENSIONS = {"hop": 0, "routing": 43, "dst": 60}
FRAGMENT = 44
CHUNKS = {
    "DATA": 0, "INIT": 1, "INIT-ACK": 2, "SACK": 3, "HEARTBEAT": 4, "HEARTBEAT-ACK": 5, "ABORT": 6, "SHUTDOWN": 7,
    "SHUTDOWN-ACK": 8, "ERROR": 9, "COOKIE-ECHO": 10, "COOKIE-ACK": 11, "ECNE": 12, "CWR": 13, "SHUTDOWN-COMPLETE": 14,
}  # fmt: skip


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def protocol_number(name):
    return PROTOCOLS[name] if isinstance(name, str) else name


def payload(p):
    return p["payload"].encode("latin-1") if "payload" in p else b"x" * p.get("len", 0)


def with_checksum(body, at, pseudo):
    value = checksum(pseudo + body)
    return body[:at] + struct.pack("!H", value) + body[at + 2 :]


def tcp(p, pseudo):
    flags = sum(TCP_FLAGS[letter] for letter in p.get("flags", "S"))
    ack = p.get("ack", 1) if flags & TCP_FLAGS["A"] else 0
    header = struct.pack("!HHIIBBHHH", p["sport"], p["dport"], p.get("seq", 1), ack, 5 << 4, flags, 65535, 0, 0)
    body = header + payload(p)
    return with_checksum(body, 16, pseudo(len(body)))


def udp(p, pseudo):
    body = struct.pack("!HHHH", p["sport"], p["dport"], 8 + len(payload(p)), 0) + payload(p)
    body = with_checksum(body, 6, pseudo(len(body)))
    # 0 would mean "no checksum"
    return body if body[6:8] != b"\0\0" else body[:6] + b"\xff\xff" + body[8:]


def chunk(kind):
    number = CHUNKS[kind] if isinstance(kind, str) else kind
    return struct.pack("!BBH", number, 0, 20) + b"\0" * 16


def sctp(p, _pseudo):
    kinds = p.get("chunk", "INIT")
    chunks = b"".join(chunk(kind) for kind in (kinds if isinstance(kinds, list) else [kinds]))
    header = struct.pack("!HHII", p["sport"], p["dport"], p.get("vtag", 0), 0)
    return header[:8] + struct.pack("<I", crc32c(header + chunks)) + chunks


def icmp(p, pseudo):
    inside = ip_packet(p["inner"]) if "inner" in p else payload(p)
    inside = inside[: p.get("trunc", len(inside))]
    body = struct.pack("!BBHI", p["type"], p.get("code", 0), 0, p.get("rest", 0)) + inside
    return with_checksum(body, 2, pseudo(len(body)) if p["proto"] == "icmp6" else b"")


BUILDERS = {"tcp": tcp, "udp": udp, "sctp": sctp, "icmp": icmp, "icmp6": icmp}


def transport(p, src, dst, v6):
    if "l4hex" in p:
        return bytes.fromhex(p["l4hex"])
    number = protocol_number(p["proto"])

    def pseudo(length):
        tail = struct.pack("!I3xB", length, number) if v6 else struct.pack("!xBH", number, length)
        return src + dst + tail

    build = BUILDERS.get(p["proto"])
    return build(p, pseudo) if build else payload(p)


def extension(kind, following):
    """Eight bytes: a routing header with no segments left, or options that are nothing but padding."""
    return struct.pack("!BBBB", following, 0, 0 if kind == "routing" else 1, 0 if kind == "routing" else 4) + b"\0" * 4


def wrap(names, following, body):
    for name in reversed(names):
        body = extension(name, following) + body
        following = EXTENSIONS[name]
    return following, body


def ipv6(p, src, dst, body):
    names = p.get("ext", [])
    # destination options travel inside the fragments, the others in front of the fragment header
    inside = [name for name in names if name == "dst"] if "frag" in p else []
    following, body = wrap(inside, protocol_number(p["proto"]), body)
    if "frag" in p:
        offset, more, ident = p["frag"]
        part = body[offset * 8 : p.get("fragend", len(body))]
        body = struct.pack("!BBHI", following, 0, offset << 3 | bool(more), ident) + part
        following = FRAGMENT
    following, body = wrap([name for name in names if name not in inside], following, body)
    word = 6 << 28 | p.get("tos", 0) << 20 | p.get("flow", 0)
    return struct.pack("!IHBB", word, len(body), following, p.get("ttl", 64)) + src + dst + body


_last_id = 0


def ipv4(p, src, dst, body):
    global _last_id
    _last_id = _last_id % 65535 + 1
    ident, flags = p.get("id", _last_id), 0x4000 if p.get("df") else 0
    if "frag" in p:
        offset, more, ident = p["frag"]
        body = body[offset * 8 : p.get("fragend", len(body))]
        flags = offset | (0x2000 if more else 0)
    options = bytes.fromhex(p.get("opts", ""))
    words = 5 + len(options) // 4
    header = struct.pack(
        "!BBHHHBBH4s4s", 4 << 4 | words, p.get("tos", 0), words * 4 + len(body), ident, flags, p.get("ttl", 64),
        protocol_number(p["proto"]), 0, src, dst,
    )  # fmt: skip
    return with_checksum(header + options, 10, b"") + body


def ip_packet(p):
    if "raw" in p:
        return bytes.fromhex(p["raw"])
    source, destination = ip_address(p["src"]), ip_address(p["dst"])
    v6 = source.version == 6
    body = transport(p, source.packed, destination.packed, v6)
    return (ipv6 if v6 else ipv4)(p, source.packed, destination.packed, body)
