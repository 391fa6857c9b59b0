# SPDX-License-Identifier: Apache-2.0
"""A director between clients and real servers, in the network namespace of the calling process:

    namespace "wire"                 this namespace: the director, IPVS
    cl1  <---------- veth -------->  cl0   10.0.0.254  clients, default route
    rs1  <---------- veth -------->  rs0   10.0.2.254  real servers
                                     lo    the VIPs

Nothing in "wire" has an address: all that comes back was sent by the director."""

import ctypes
import fcntl
import os
import socket
import struct
import subprocess
import time

MAC_CLIENTS = bytes.fromhex("020000010001")  # director's, on cl0
MAC_SERVERS = bytes.fromhex("020000020001")  # director's, on rs0
MAC_ROUTER = bytes.fromhex("02000001ff01")  # the clients' router
MAC_MARKER = bytes.fromhex("02000002ffff")  # where marker packets go
MARKER_ADDRESS = "10.0.2.253"

CLONE_NEWNS, CLONE_NEWNET = 0x00020000, 0x40000000
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000
SIOCGIFFLAGS, SIOCSIFFLAGS = 0x8913, 0x8914
IFF_UP, IFF_RUNNING, IFF_NOARP = 0x1, 0x40, 0x80
LIBC = ctypes.CDLL(None, use_errno=True)

# Per namespace. Without them answers would be thinned out (ICMP limits) or joined by the director's own traffic.
SYSCTLS = {
    "net/ipv4/ip_forward": 1,
    "net/ipv6/conf/all/forwarding": 1,
    "net/ipv4/conf/all/rp_filter": 0,
    "net/ipv4/conf/default/rp_filter": 0,
    "net/ipv4/conf/all/accept_local": 1,
    "net/ipv4/conf/all/send_redirects": 0,
    "net/ipv4/conf/default/send_redirects": 0,
    "net/ipv6/conf/all/accept_dad": 0,
    "net/ipv6/conf/default/accept_dad": 0,
    "net/ipv6/conf/default/autoconf": 0,
    "net/ipv6/conf/default/router_solicitations": 0,
    "net/ipv4/icmp_ratelimit": 0,
    "net/ipv6/icmp/ratelimit": 0,
}


def call(function, *arguments):
    if getattr(LIBC, function)(*arguments):
        code = ctypes.get_errno()
        raise OSError(code, f"{function}: {os.strerror(code)}")


def write(path, value):
    with open(path, "w") as file:
        file.write(str(value))


def mount(source, target, kind, flags=0, data=None):
    encoded = [None if word is None else word.encode() for word in (source, target, kind)]
    call("mount", *encoded, ctypes.c_ulong(flags), None if data is None else data.encode())


def in_namespace(name, act):
    """act() in the namespace called `name`, or here when there is no name. Programs it starts run there too."""
    if not name:
        return act()
    here = os.open("/proc/self/ns/net", os.O_RDONLY)
    there = os.open(f"/run/netns/{name}", os.O_RDONLY)
    try:
        call("setns", there, CLONE_NEWNET)
        return act()
    finally:
        call("setns", here, CLONE_NEWNET)
        os.close(here)
        os.close(there)


def ip_batch(lines):
    command = ["ip", "-b", "-"]
    done = subprocess.run(command, input="\n".join(lines), capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")


def fresh_namespaces():
    """First the wire's, then ours with empty IPVS tables and default sysctls; nobody else sees their names."""
    call("unshare", CLONE_NEWNET | CLONE_NEWNS)
    mount("none", "/", None, MS_REC | MS_PRIVATE)
    mount("none", "/run/netns", "tmpfs")
    write("/run/netns/wire", "")
    mount("/proc/self/ns/net", "/run/netns/wire", None, MS_BIND)
    write("/proc/sys/net/ipv6/conf/default/disable_ipv6", 1)
    call("unshare", CLONE_NEWNET)


def devices():
    yield "link set lo up"
    for name, mac in (("cl", MAC_CLIENTS), ("rs", MAC_SERVERS)):
        yield f"link add {name}0 address {mac.hex(':')} type veth peer name {name}1 netns wire"
        yield f"link set {name}0 up"


def raise_device(name):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh14x", name.encode(), IFF_UP | IFF_NOARP)
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, request)


def wait_until_running(name):
    """The kernel notices a carrier later, and until then throws away what is sent on a device."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh14x", name.encode(), 0)
        for _ in range(6000):
            if struct.unpack("16xh14x", fcntl.ioctl(any_socket, SIOCGIFFLAGS, request))[0] & IFF_RUNNING:
                return
            time.sleep(0.01)
    raise RuntimeError(f"{name} has no carrier")


def addresses(config):
    yield "addr add 10.0.0.254/24 dev cl0"
    yield "addr add 10.0.2.254/24 dev rs0"
    yield "addr add fd00::fe/64 dev cl0 nodad"
    yield "addr add fd00:2::fe/64 dev rs0 nodad"
    yield f"neigh add 10.0.0.253 lladdr {MAC_ROUTER.hex(':')} dev cl0 nud permanent"
    yield f"neigh add fd00::fd lladdr {MAC_ROUTER.hex(':')} dev cl0 nud permanent"
    yield f"neigh add {MARKER_ADDRESS} lladdr {MAC_MARKER.hex(':')} dev rs0 nud permanent"
    for vip in config["vips"]:
        yield f"addr add {vip}/{128 if ':' in vip else 32} dev lo"
    for real in config["rs"].values():
        for address in real["ips"]:
            yield f"neigh replace {address} lladdr {real['mac']} dev rs0 nud permanent"


def routes(config):
    yield "route add default via 10.0.0.253 dev cl0"
    # clients inside the connected subnet are reached through the router too
    yield "route add 10.0.0.0/25 via 10.0.0.253 dev cl0"
    yield "route add default via fd00::fd dev cl0"
    for real in config["rs"].values():
        for address in real["ips"]:
            if not address.startswith(("10.0.2.", "fd00:2:")):
                yield f"route add {address}/{128 if ':' in address else 32} dev rs0"


def build(config):
    fresh_namespaces()
    for name, value in SYSCTLS.items():
        write(f"/proc/sys/{name}", value)
    ip_batch([*devices()])
    in_namespace("wire", lambda: [act(name) for act in (raise_device, wait_until_running) for name in ("cl1", "rs1")])
    for name in ("cl0", "rs0"):
        wait_until_running(name)
    ip_batch([*addresses(config), *routes(config)])
