# SPDX-License-Identifier: Apache-2.0
"""What ipvsadm and /proc show, as text and, where order or clocks would blur it, as records."""

LISTINGS = {
    "nosort": ["--nosort"],
    "stats": ["--stats"],
    "stats-exact": ["--stats", "--exact"],
    "rate": ["--rate"],
    "thresholds": ["--thresholds"],
    "persistent": ["--persistent-conn"],
    "tun": ["--tun-info"],
}


def listing(what, ipvsadm):
    """`ipvsadm` takes a list of arguments and returns the lines printed."""
    if what in LISTINGS:
        return {"text": ipvsadm(["-L", "-n", *LISTINGS[what]])}
    if what == "list":
        return {"text": ipvsadm(["-L", "-n"]), "parsed": services(ipvsadm(["-L", "-n", "--nosort"]))}
    if what == "conns":
        return {"conns": connections(ipvsadm(["-L", "-n", "-c"]))}
    if what in ("conns-text", "conns-pe"):
        lines = ipvsadm(["-L", "-n", "-c", *(["--persistent-conn"] if what == "conns-pe" else [])])
        return {"text": lines[:2] + sorted(lines[2:])}
    if what in ("timeout", "daemon"):
        return {"text": ipvsadm(["-L", f"--{what}"])}
    if what == "save":
        return {"text": ipvsadm(["-S", "-n"])}
    raise ValueError(f"there is no snapshot {what}")


def services(lines):
    """Sorted, for the kernel's order of services comes from a random hash; the servers of one keep the kernel's
    order, on which several schedulers depend."""
    found = []
    for line in lines[3:]:
        words = line.split()
        if words[:1] == ["->"]:
            weight, active, inactive = (int(word) for word in words[3:6])
            real = {"rs": words[1], "fwd": words[2], "weight": weight, "active": active, "inact": inactive}
            found[-1]["dests"].append(real)
        elif words:
            found.append({"svc": " ".join(words[:2]), "rest": " ".join(words[2:]), "dests": []})
    return sorted(found, key=lambda service: (service["svc"], service["rest"]))


def connections(lines):
    found = []
    for line in lines[2:]:
        words = line.split()
        if len(words) < 6:
            continue
        minutes, seconds = words[1].split(":")
        found.append({
            "pro": words[0], "state": words[2], "src": words[3], "virt": words[4], "dst": words[5],
            "exp": int(minutes) * 60 + int(seconds),
        })  # fmt: skip
    return sorted(found, key=lambda c: (c["pro"], c["src"], c["virt"], c["dst"], c["state"]))
