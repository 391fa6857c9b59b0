# SPDX-License-Identifier: Apache-2.0
"""One scenario in a fresh network namespace: its atomic operations one after the other, a result for each."""

import re
import shlex
import subprocess
import time

import lab
from snapshot import listing
from wire import Wire


def lines(text):
    return text.rstrip("\n").split("\n")


def outcome(done):
    result = {"rc": done.returncode}
    if done.stdout:
        result["out"] = lines(done.stdout)
    if done.stderr:
        result["err"] = lines(done.stderr)
    return result


def sysctl_path(name):
    return "/proc/sys/" + (name if name.startswith("net.") else f"net.ipv4.vs.{name}").replace(".", "/")


class Stage:
    def __init__(self, config):
        lab.build(config)
        self.wire = Wire(config)

    def pkt(self, op):
        return self.wire.ask(op)

    def ipvsadm(self, op):
        self.wire.decoder.gue_ports |= {int(port) for port in re.findall(r"--tun-port[ =](\d+)", op["args"])}
        return self.run(["ipvsadm", *shlex.split(op["args"])], op)

    def sh(self, op):
        return self.run(["/bin/sh", "-c", op["cmd"]], op)

    def run(self, command, op):
        def act():
            return subprocess.run(command, input=op.get("stdin", ""), capture_output=True, text=True)

        return outcome(lab.in_namespace(op.get("ns"), act))

    def sysctl(self, op):
        try:
            lab.in_namespace(op.get("ns"), lambda: lab.write(sysctl_path(op["name"]), op["value"]))
        except OSError as error:
            return {"err": error.strerror}
        return {}

    def mark(self, op):
        """One rule a port or range: MARK goes on to the next rule, so a list of ports needs no multiport match."""
        table = "ip6tables-legacy" if ":" in op["vip"] else "iptables-legacy"
        rule = [table, "-w", "-t", "mangle", "-A", "PREROUTING", "-d", op["vip"]]
        if "proto" in op:
            rule += ["-p", op["proto"]]
        for port in op["ports"].split(",") if "ports" in op else [None]:
            where = ["--dport", port] if port else []
            done = subprocess.run(
                [*rule, *where, "-j", "MARK", "--set-mark", str(op["mark"])], capture_output=True, text=True
            )
            if done.returncode:
                return outcome(done)
        return {}

    def sleep(self, op):
        time.sleep(op["s"])
        return {}

    def tap(self, op):
        self.wire.tap(op["name"], op["dev"], op.get("ns"), op.get("udp", False))
        return {}

    def snap(self, op):
        what = op["what"]
        if what.startswith("tap:"):
            return {"frames": self.wire.tapped(what[4:])}
        if what.startswith("/"):
            return {"text": lab.in_namespace(op.get("ns"), lambda: read(what))}

        def ipvsadm(arguments):
            done = subprocess.run(["ipvsadm", *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True)
            return lines(done.stdout)

        return lab.in_namespace(op.get("ns"), lambda: listing(what, ipvsadm))


def read(path):
    with open(path) as file:
        return lines(file.read())


def play(scenario):
    """The results, or where and why it could not go on."""
    results = []
    try:
        stage = Stage(scenario["config"])
        for op in scenario["ops"]:
            results.append(getattr(stage, op["op"])(op))
    except Exception as error:
        at = {"at": len(results)} if "stage" in locals() else {}
        return {"error": f"{type(error).__name__}: {error}", **at}
    return {"results": results}
