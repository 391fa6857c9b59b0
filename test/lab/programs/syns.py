# SPDX-License-Identifier: Apache-2.0
"""
Sends SYNs that nobody waits for, each from a port of its own, from the sources in turn:
    python3 syns.py VIP PORT COUNT SOURCE [SOURCE ...]
"""
import socket
import struct
import sys
import time

FIRST_PORT = 20_000
SYN = 2
# as many as a veth's queue holds easily
AT_ONCE = 20


def main(vip, port, count, *sources):
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as sock:
        for i in range(int(count)):
            source = socket.inet_aton(sources[i % len(sources)])
            sock.sendto(packet(source, socket.inet_aton(vip), FIRST_PORT + i, int(port)), (vip, 0))
            if i % AT_ONCE == AT_ONCE - 1:
                time.sleep(0.002)


def packet(source, destination, from_port, to_port):
    """The kernel fills in length, id and checksum of the IP header."""
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 0, 0, 0x4000, 64, socket.IPPROTO_TCP, 0, source, destination)
    tcp = struct.pack("!HHIIBBHHH", from_port, to_port, 1, 0, 5 << 4, SYN, 65_535, 0, 0)
    pseudo = struct.pack("!4s4sBBH", source, destination, 0, socket.IPPROTO_TCP, len(tcp))
    return ip + tcp[:16] + struct.pack("!H", checksum(pseudo + tcp)) + tcp[18:]


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


main(*sys.argv[1:])
