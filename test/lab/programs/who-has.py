# SPDX-License-Identifier: Apache-2.0
# Asks once on INTERFACE, from MAC, who has ADDRESS, by ARP or by neighbour solicitation; prints every MAC that answers.
import ipaddress, json, select, socket, struct, sys, time

interface, mac, address = sys.argv[1:]
wanted = ipaddress.ip_address(address)
own = bytes.fromhex(mac.replace(':', ''))
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0003))
wire.bind((interface, 0))


def arp():
    # sender address 0.0.0.0: nobody learns anything from the question
    body = struct.pack('!HHBBH', 1, 0x0800, 6, 4, 1) + own + bytes(4) + bytes(6) + wanted.packed
    return b'\xff' * 6 + own + b'\x08\x06' + body


def solicitation():
    source = ipaddress.ip_address('fe80::77').packed
    group = ipaddress.ip_address('ff02::1:ff00:0').packed[:13] + wanted.packed[13:]
    body = bytes([135, 0, 0, 0, 0, 0, 0, 0]) + wanted.packed + b'\x01\x01' + own
    pseudo = source + group + struct.pack('!II', len(body), 58)
    total = sum(struct.unpack('!%dH' % ((len(pseudo) + len(body)) // 2), pseudo + body))
    total = (total >> 16) + (total & 0xFFFF)
    check = ~(total + (total >> 16)) & 0xFFFF
    body = body[:2] + struct.pack('!H', check) + body[4:]
    head = struct.pack('!IHBB', 0x60000000, len(body), 58, 255) + source + group
    return b'\x33\x33\xff' + wanted.packed[13:] + own + b'\x86\xdd' + head + body


def answer(frame):
    if wanted.version == 4:
        if frame[12:14] == b'\x08\x06' and frame[20:22] == b'\x00\x02' and frame[28:32] == wanted.packed:
            return frame[22:28]
    elif frame[12:14] == b'\x86\xdd' and frame[20] == 58 and frame[54] == 136 and frame[62:78] == wanted.packed:
        return frame[6:12]
    return None


wire.send(arp() if wanted.version == 4 else solicitation())
macs = set()
end = time.monotonic() + 0.5
while (left := end - time.monotonic()) > 0:
    if select.select([wire], [], [], left)[0]:
        found = answer(wire.recv(2048))
        if found:
            macs.add(found.hex(':'))
print(json.dumps(sorted(macs)))
