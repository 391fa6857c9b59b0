# SPDX-License-Identifier: Apache-2.0
"""Puts frames on the wire and tells what the director made of each. No answer depends on the clock: behind every
packet goes a marker through the same queues, first in, first out, and what came before it belongs to the packet."""

import select
import socket
import struct
import time

from frame import Decoder
from lab import MAC_CLIENTS, MAC_MARKER, MAC_ROUTER, MAC_SERVERS, MARKER_ADDRESS, in_namespace
from packet import ip_packet

ETH_P_ALL, SO_RCVBUFFORCE, PACKET_OUTGOING = 3, 33, 4
MARKER_PROTOCOL = 253  # IPVS does not know it
MARKER_SECONDS = 60
IPV4, IPV6 = 0x0800, 0x86DD
LOCAL_PROTOCOLS = {socket.AF_INET: (1, 6, 17, 50, 51, 132), socket.AF_INET6: (6, 17, 50, 51, 58, 132)}


def frames_of(device):
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    wire.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
    wire.bind((device, ETH_P_ALL))
    wire.setblocking(False)
    return wire


def raw_sockets():
    """Raw sockets of the director see what is delivered to its own stack."""
    for family, protocols in LOCAL_PROTOCOLS.items():
        for number in protocols:
            raw = socket.socket(family, socket.SOCK_RAW, number)
            raw.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 8 << 20)
            raw.setblocking(False)
            yield raw, family == socket.AF_INET6 and number == 58


def received(sock):
    while True:
        try:
            yield sock.recvfrom(65535)
        except BlockingIOError:
            return


def is_chatter(kind, frame):
    """Neighbour discovery, multicast listener reports, IGMP: the director's own."""
    if kind == IPV4:
        return frame[23] == 2
    if kind != IPV6:
        return True
    if frame[20] == 0 and frame[54] == 58:
        return 130 <= frame[62] <= 143
    return frame[20] == 58 and 130 <= frame[54] <= 143


class Wire:
    def __init__(self, config):
        self.config = config
        self.decoder = Decoder()
        self.names = {bytes.fromhex(real["mac"].replace(":", "")): name for name, real in config["rs"].items()}
        self.clients, self.servers = in_namespace("wire", lambda: (frames_of("cl1"), frames_of("rs1")))
        self.locals = [*raw_sockets()]
        self.taps = {}
        self.started = time.monotonic()
        self.marker_returned = False
        marker = {"src": "10.0.0.77", "dst": MARKER_ADDRESS, "proto": MARKER_PROTOCOL, "l4hex": "00" * 8}
        self.marker = MAC_CLIENTS + MAC_ROUTER + struct.pack("!H", IPV4) + ip_packet(marker)

    def tap(self, name, device, namespace, udp_only):
        sock = in_namespace(namespace, lambda: frames_of(device))
        self.taps[name] = {"sock": sock, "udp": udp_only, "frames": []}

    def tapped(self, name):
        """The frames since last asked: seconds since the scenario began, bytes in hex."""
        self.drain()
        frames, self.taps[name]["frames"] = self.taps[name]["frames"], []
        return frames

    def ask(self, packet):
        self.drain()
        self.inject(packet)
        frames, local = self.behind_marker([], False)
        if not frames and not local:
            # a packet through the loopback device stands in the queue once more than the marker
            frames, local = self.behind_marker(frames, local)
        return self.verdict(frames, local, packet.get("detail") or self.config["detail"])

    def inject(self, packet):
        data = ip_packet(packet)
        kind = struct.pack("!H", IPV4 if data[0] >> 4 == 4 else IPV6)
        if "from" in packet:
            mac = bytes.fromhex(self.config["rs"][packet["from"]]["mac"].replace(":", ""))
            self.servers.send(MAC_SERVERS + mac + kind + data)
        else:
            self.clients.send(MAC_CLIENTS + MAC_ROUTER + kind + data)

    def behind_marker(self, frames, local):
        self.marker_returned = False
        self.clients.send(self.marker)
        end = time.monotonic() + MARKER_SECONDS
        while not self.marker_returned:
            more, delivered = self.drain()
            frames, local = frames + more, local or delivered
            if self.marker_returned:
                break
            if time.monotonic() > end:
                raise RuntimeError(f"a marker packet did not come out within {MARKER_SECONDS} s")
            select.select([self.servers], [], [], 0.05)
        # the queue is one for both sides, so what the marker overtook on the way to a socket is there now
        more, delivered = self.drain()
        return frames + more, local or delivered

    def drain(self):
        frames = []
        for side, sock in (("cl", self.clients), ("rs", self.servers)):
            for frame, address in received(sock):
                if address[2] == PACKET_OUTGOING:
                    continue
                if frame[:6] == MAC_MARKER:
                    self.marker_returned = True
                elif not is_chatter(struct.unpack("!H", frame[12:14])[0], frame):
                    frames.append((side, frame))
        local = False
        for sock, is_icmp6 in self.locals:
            for data, _ in received(sock):
                local = local or not (is_icmp6 and 130 <= data[0] <= 143)
        for tap in self.taps.values():
            for frame, _ in received(tap["sock"]):
                is_marker = frame[12:14] == b"\x08\x00" and frame[23] == MARKER_PROTOCOL
                if not is_marker and (not tap["udp"] or 17 in (frame[20], frame[23])):
                    tap["frames"].append([round(time.monotonic() - self.started, 3), frame.hex()])
        return frames, local

    def verdict(self, frames, local, detail):
        said, described = [], []
        for side, frame in frames:
            words = self.decoder.packet(frame[14:])
            who = self.names.get(frame[:6], f"mac:{frame[:6].hex(':')}") if side == "rs" else client_word(words)
            if side == "cl" and local and is_refusal(words):
                continue
            said.append(who)
            if detail or who == "client":
                described.append({"to": who if side == "rs" else "client", **words})
        if local:
            said.append("local")
        distinct = [*dict.fromkeys(said)]
        answer = {"v": "+".join(distinct) or "drop"}
        if len(said) > len(distinct):
            answer["n"] = len(said)
        if described:
            answer["out"] = described
        return answer


def client_word(words):
    if words.get("proto") in ("icmp", "icmp6") and "inner" in words:
        return f"{words['proto']}:{words['type']}/{words['code']}"
    return "client"


def is_refusal(words):
    """The director's own stack turning down what was delivered to it."""
    if words.get("proto") == "tcp":
        return "R" in words.get("flags", "")
    return words.get("proto") in ("icmp", "icmp6", "sctp")
