"""A person at a terminal: Ctrl-Z stops `flexai run` with its program, `fg` continues both, Ctrl-C ends both.

    terminal.py FLEXAI    an interactive bash on a pseudo-terminal starts FLEXAI; every wait is for an event, under a watchdog
"""
import os
import pty
import re
import select
import signal
import sys
import time

WATCHDOG_S = 30


class Terminal:
    def __init__(self):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvpe("bash", ["bash", "--norc", "--noprofile", "-i"], dict(os.environ, PS1="$ ", TERM="dumb"))

    def type(self, text):
        os.write(self.fd, text.encode())

    def wait_for(self, pattern, what):
        """Reads until `pattern` is seen; the match."""
        seen, until = "", time.monotonic() + WATCHDOG_S
        while not (match := re.search(pattern, seen)):
            readable, _, _ = select.select([self.fd], [], [], max(0.0, until - time.monotonic()))
            if not readable:
                sys.exit(f"waited in vain for {what}; the terminal shows: {seen!r}")
            seen += os.read(self.fd, 4096).decode(errors="replace")
        return match


def state_of(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
        return stat.read().rsplit(")", 1)[1].split()[0]


def wait_until_stopped(pids):
    until = time.monotonic() + WATCHDOG_S
    while (states := [state_of(pid) for pid in pids]) != ["T"] * len(pids):
        if time.monotonic() > until:
            sys.exit(f"after Ctrl-Z program and flexai are in states {states}")
        time.sleep(0.01)


def main():
    terminal = Terminal()
    # The words that are waited for are never echoed: the shell puts them together.
    program = 'trap "echo went-\\"\\"on" CONT; echo pid-""is $$ $PPID; while :; do sleep 0.02; done'
    terminal.wait_for(r"\$ ", "the prompt")
    terminal.type(f"'{sys.argv[1]}' run -- bash -c '{program}'\n")
    started = terminal.wait_for(r"pid-is (\d+) (\d+)\s", "the program's start")

    terminal.type("\x1a")
    terminal.wait_for("Stopped", "the shell to take the terminal back")
    wait_until_stopped([int(pid) for pid in started.groups()])
    terminal.type("fg\n")
    terminal.wait_for("went-on", "the program to go on")
    terminal.type("\x03")
    terminal.wait_for(r"\$ ", "the prompt after Ctrl-C")
    terminal.type("echo status-$?-''end\n")
    status = terminal.wait_for(r"status-(\d+)-end", "the status").group(1)
    os.kill(terminal.pid, signal.SIGKILL)
    if status != "130":
        sys.exit(f"Ctrl-C: the status is {status} instead of 130")


main()
