# SPDX-License-Identifier: Apache-2.0
"""The first process of a throw-away kernel. Plays the scenarios of job.json, each in a process and a network namespace
of its own, writes one line of JSON for each as it ends, then powers off.

    agent.py hostfs DIRECTORY MODULES   user-mode-linux: the job is in a directory of the host, which is our root
    agent.py disk ANSWERS JOB           qemu: everything came in the initramfs; job and answers are raw disks"""

import json
import os
import subprocess
import sys
import time
import traceback

from lab import MS_BIND, call, mount, write
from play import play

SCHEDULERS = "rr wrr lc wlc lblc lblcr dh sh sed nq fo ovf mh"
MODULES = "ipv6 veth ip_vs ip_vs_pe_sip ip_tables ip6_tables iptable_mangle ip6table_mangle xt_mark xt_tcpudp xt_sctp"
RB_POWER_OFF = 0x4321FEDC
JOB = "/run/job"


def mount_basics():
    os.environ.update(PATH="/usr/sbin:/usr/bin:/sbin:/bin", HOME="/run", LC_ALL="C")
    mount("proc", "/proc", "proc")
    mount("sys", "/sys", "sysfs")
    mount("run", "/run", "tmpfs")
    mount("tmp", "/tmp", "tmpfs")
    for folder in (JOB, "/run/netns", "/run/modules/lib"):
        os.makedirs(folder)


def join_host(folder, modules):
    mount(folder, JOB, "hostfs", data=folder)
    os.symlink(modules, "/run/modules/lib/modules")
    # a name that is looked up must fail at once, not after a time-out
    for name, text in (("resolv.conf", "nameserver 127.0.0.1\n"), ("hosts", "127.0.0.1 localhost\n")):
        write(f"/run/{name}", text)
        mount(f"/run/{name}", f"/etc/{name}", None, MS_BIND)


def join_disk():
    mount("dev", "/dev", "devtmpfs")
    os.symlink("/lib/modules", "/run/modules/lib/modules")


def prepare_modprobe():
    """The kernel asks for modules too, when a scheduler or a table is used for the first time."""
    write("/run/modprobe", '#!/bin/sh\nexec modprobe -d /run/modules "$@"\n')
    os.chmod("/run/modprobe", 0o755)
    write("/proc/sys/kernel/modprobe", "/run/modprobe")


def load_modules(names):
    done = subprocess.run(["/run/modprobe", "-a", *names], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"modprobe: {done.stderr.strip()}")


def settle_kernel():
    """What is not per namespace."""
    write("/proc/sys/kernel/printk", "1 1 1 1")
    write("/proc/sys/net/ipv4/icmp_msgs_per_sec", 1_000_000)
    write("/proc/sys/net/ipv4/icmp_msgs_burst", 1_000_000)


class Answers:
    """Lines of JSON: of the kernel, of each scenario as it ends, of the end."""

    def __init__(self, path):
        self.file = os.open(path, os.O_WRONLY | os.O_CREAT, 0o644)

    def write(self, line):
        rest = (json.dumps(line, separators=(",", ":")) + "\n").encode()
        while rest:
            rest = rest[os.write(self.file, rest) :]


def start(scenario):
    """Forks; the child leaves its answer in a file and ends, and its namespaces with it."""
    child = os.fork()
    if child:
        return child
    began = time.monotonic()
    try:
        answer = play(scenario)
        answer["seconds"] = round(time.monotonic() - began, 2)
        write(f"/run/answer.{os.getpid()}", json.dumps(answer))
    finally:
        os._exit(0)


def sleeps(scenario):
    return any(op["op"] == "sleep" for op in scenario["ops"])


def collect(running, answers):
    child, _ = os.wait()
    if child not in running:
        return
    path = f"/run/answer.{child}"
    number = running.pop(child)[0]
    try:
        with open(path) as file:
            answers.write({"scenario": number, **json.load(file)})
        os.unlink(path)
    except FileNotFoundError:
        answers.write({"scenario": number, "error": "its process ended without an answer"})


def play_all(scenarios, lanes, answers):
    """Scenarios that sleep share the machine, up to `lanes` at a time; beside them, those that do not go one by one."""
    waiting = {True: [], False: []}
    for number, scenario in enumerate(scenarios):
        waiting[lanes > 1 and sleeps(scenario)].append((number, scenario))
    running = {}
    while running or waiting[True] or waiting[False]:
        for kind, room in ((True, lanes - 1), (False, 1)):
            while waiting[kind] and sum(of == kind for _, of in running.values()) < room:
                number, scenario = waiting[kind].pop(0)
                running[start(scenario)] = (number, kind)
        collect(running, answers)


def open_job():
    """The job, and the file for its answers."""
    kind, first, second = sys.argv[1:4]
    mount_basics()
    if kind == "hostfs":
        join_host(first, second)
        prepare_modprobe()
        job, answers = f"{JOB}/job.json", f"{JOB}/answers.jsonl"
    else:
        join_disk()
        prepare_modprobe()
        load_modules(["virtio_pci", "virtio_blk"])
        job, answers = second, first
    with open(job) as file:
        return json.loads(file.readline()), Answers(answers)


def main():
    job, answers = open_job()
    try:
        load_modules([*MODULES.split(), *(f"ip_vs_{name}" for name in SCHEDULERS.split()), *job["modules"]])
        settle_kernel()
        version = subprocess.run(["ipvsadm", "--version"], capture_output=True, text=True).stdout.strip()
        answers.write({"kernel": os.uname().release, "ipvsadm": version})
        play_all(job["scenarios"], job["lanes"], answers)
        answers.write({"done": True})
    except Exception as error:
        answers.write({"error": f"{type(error).__name__}: {error}"})
    os.fsync(answers.file)


if __name__ == "__main__":
    try:
        main()
    except Exception:
        traceback.print_exc()
    os.sync()
    call("reboot", RB_POWER_OFF)
