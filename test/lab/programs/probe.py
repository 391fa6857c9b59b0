# SPDX-License-Identifier: Apache-2.0
"""
One attempt to reach an endpoint, and who put an end to it, as one JSON line:
    python3 probe.py tcp|udp ADDRESS PORT SOURCE HOPS
{"outcome": "answered" | "ECONNREFUSED" | ..., "icmp": "3/3 from 192.0.2.10" | null}
The kernel keeps the ICMP message that ended an attempt; a reset leaves none.
"""
import errno
import json
import socket
import struct
import sys

PATIENCE = 10
IP_RECVERR, IPV6_RECVERR, MSG_ERRQUEUE = 11, 25, 0x2000
ORIGINS_ICMP = (2, 3)


def main(protocol, address, port, source, hops):
    six = ":" in address
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    with socket.socket(socket.AF_INET6 if six else socket.AF_INET, kind) as sock:
        level = socket.IPPROTO_IPV6 if six else socket.IPPROTO_IP
        sock.setsockopt(level, IPV6_RECVERR if six else IP_RECVERR, 1)
        sock.setsockopt(level, socket.IPV6_UNICAST_HOPS if six else socket.IP_TTL, int(hops))
        sock.settimeout(PATIENCE)
        sock.bind((source, 0))
        print(json.dumps({"outcome": attempt(sock, (address, int(port))), "icmp": icmp(sock, six)}))


def attempt(sock, endpoint):
    try:
        sock.connect(endpoint)
        if sock.type == socket.SOCK_DGRAM:
            sock.send(b"?")
            sock.recv(100)
        return "answered"
    except TimeoutError:
        return "TIMEOUT"
    except OSError as error:
        return errno.errorcode[error.errno]


def icmp(sock, six):
    """The newest message in the error queue; struct sock_extended_err with the sender's address behind it."""
    found = None
    while True:
        try:
            sock.settimeout(0)
            ancillary = sock.recvmsg(0, 512, MSG_ERRQUEUE)[1]
        except OSError:
            return found
        for _, _, data in ancillary:
            _, origin, kind, code = struct.unpack_from("=IBBB", data)
            if origin in ORIGINS_ICMP:
                sender = data[24:40] if six else data[20:24]
                family = socket.AF_INET6 if six else socket.AF_INET
                found = f"{kind}/{code} from {socket.inet_ntop(family, sender)}"


main(*sys.argv[1:])
