#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Runs a program on a pseudo-terminal of its own. Commands come in and what happens goes out as lines of JSON; the last
# line says how the program ended and what `stty -g` says before and after. The end of its input ends it all.
#   pseudo-terminal.py '{"argv": [...], "columns": 80, "rows": 24}'
import base64
import fcntl
import json
import os
import select
import signal
import struct
import subprocess
import sys
import termios


def say(**what):
    print(json.dumps(what), flush=True)


def resize(fd, columns, rows):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def settings(fd):
    stty = ["stty", "-g"]
    return subprocess.run(stty, stdin=fd, capture_output=True, text=True, check=True, timeout=20).stdout.strip()


def pass_on(master):
    """What the program has written before it ended: all of it, because nobody has the terminal open any more."""
    try:
        while True:
            say(out=base64.b64encode(os.read(master, 65536)).decode())
    except OSError:
        return


def obey(order, master, pid):
    if "send" in order:
        os.write(master, order["send"].encode())
    if "columns" in order:
        resize(master, order["columns"], order["rows"])
    if "signal" in order:
        os.kill(pid, getattr(signal, order["signal"]))


def main():
    wish = json.loads(sys.argv[1])
    master, slave = os.openpty()
    resize(master, wish["columns"], wish["rows"])
    before = settings(slave)
    program = subprocess.Popen(
        wish["argv"],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    orders = b""
    while True:
        ready, _, _ = select.select([master, 0], [], [], 0.02)
        if master in ready:
            say(out=base64.b64encode(os.read(master, 65536)).decode())
        if 0 in ready:
            more = os.read(0, 65536)
            if not more:
                program.kill()
                return
            *lines, orders = (orders + more).split(b"\n")
            for line in lines:
                obey(json.loads(line), master, program.pid)
        pid, status = os.waitpid(program.pid, os.WNOHANG | os.WUNTRACED)
        if pid == 0:
            continue
        after = settings(slave)
        if os.WIFSTOPPED(status):
            say(stopped=after)
            continue
        os.close(slave)
        pass_on(master)
        say(ended=os.waitstatus_to_exitcode(status), before=before, after=after)
        return


main()
