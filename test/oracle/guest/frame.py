# SPDX-License-Identifier: Apache-2.0
"""What left the director, in words: the fields of a frame that a forwarding decision can change, tunnels included."""

import struct
from ipaddress import ip_address

from packet import EXTENSIONS, FRAGMENT, PROTOCOLS, TCP_FLAGS, checksum

NAMES = {number: name for name, number in PROTOCOLS.items()}
EXTENSION_NAMES = {number: name for name, number in EXTENSIONS.items()}
IPIP, GRE, IP6 = 4, 47, 41
ICMP_ERRORS = (3, 4, 5, 11, 12)


class Decoder:
    """Knows which UDP ports carry GUE, so that a datagram to one of them is opened."""

    def __init__(self):
        self.gue_ports = set()

    def packet(self, data, outermost=True):
        version = data[0] >> 4 if data else 0
        if version == 4 and len(data) >= 20:
            found, number, body, later = ipv4(data)
        elif version == 6 and len(data) >= 40:
            found, number, body, later = ipv6(data)
        else:
            return {"raw": data[:64].hex()} if data else {}
        found["proto"] = NAMES.get(number, number)
        return found if later else {**found, **self.transport(number, body, outermost)}

    def transport(self, number, body, outermost):
        if number in (6, 17, 132) and len(body) >= 8:
            return self.ports(number, body, outermost)
        if number in (IPIP, IP6):
            return {"proto": "ipip" if number == IPIP else "ip6", "inner": self.packet(body, False)}
        if number == GRE and len(body) >= 4:
            flags, kind = struct.unpack("!HH", body[:4])
            inner = self.packet(body[8 if flags & 0x8000 else 4 :], False)
            return {"proto": "gre", "gre": {"flags": flags, "type": f"{kind:04x}"}, "inner": inner}
        if number in (1, 58) and len(body) >= 8:
            return self.icmp(number, body)
        return {}

    def ports(self, number, body, outermost):
        sport, dport = struct.unpack("!HH", body[:4])
        found = {"sport": sport, "dport": dport}
        if number == 6 and len(body) >= 14:
            found["flags"] = "".join(letter for letter, bit in TCP_FLAGS.items() if body[13] & bit)
        if number == 17 and outermost and dport in self.gue_ports and len(body) >= 12:
            length = 12 + (body[8] & 31) * 4
            found["gue"] = body[8:12].hex()
            found["udpcsum"] = 1 if body[6:8] != b"\0\0" else 0
            found["inner"] = self.packet(body[length:], False)
        return found

    def icmp(self, number, body):
        kind, code, _, rest = struct.unpack("!BBHI", body[:8])
        found = {"type": kind, "code": code}
        if rest:
            found["rest"] = rest
        if kind in ICMP_ERRORS if number == 1 else kind < 128:
            found["inner"] = self.packet(body[8:], False)
        return found


def ipv4(data):
    length = (data[0] & 15) * 4
    total, _, place = struct.unpack("!HHH", data[2:8])
    found = {"src": str(ip_address(data[12:16])), "dst": str(ip_address(data[16:20]))}
    found |= {"ttl": data[8], "proto": data[9], "len": total}
    if data[1]:
        found["tos"] = data[1]
    if place & 0x4000:
        found["df"] = 1
    if place & 0x3FFF:
        found["frag"] = [place & 0x1FFF, place >> 13 & 1]
    if checksum(data[:length]):
        found["badcsum"] = 1
    return found, data[9], data[length:total], bool(place & 0x1FFF)


def ipv6(data):
    found = {"src": str(ip_address(data[8:24])), "dst": str(ip_address(data[24:40]))}
    found |= {"ttl": data[7], "proto": data[6], "len": 40 + struct.unpack("!H", data[4:6])[0]}
    traffic_class = (data[0] & 15) << 4 | data[1] >> 4
    if traffic_class:
        found["tos"] = traffic_class
    number, body = data[6], data[40:]
    while len(body) >= 8 and (number == FRAGMENT or number in EXTENSION_NAMES):
        if number == FRAGMENT:
            place = struct.unpack("!H", body[2:4])[0]
            found["frag"] = [place >> 3, place & 1]
            number, body = body[0], body[8:]
            if place >> 3:
                return found, number, body, True
        else:
            found.setdefault("ext", []).append(EXTENSION_NAMES[number])
            number, body = body[0], body[8 + body[1] * 8 :]
    return found, number, body, False
