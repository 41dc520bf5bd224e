#!/usr/bin/env python3
"""Lets leela-zero play Go against itself.   leela_zero.py [--seconds S] [--wait]

A job is a move of 60 playouts. The network is untrained and always the same (leela_zero_files.py), and so is the seed: the same moves at every run, whatever
the driver's speed. Prints the lines of the other examples; `ready` comes when its kernels are compiled. Ends with status 77 where leela-zero is missing.
"""
import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import leela_zero_files

MOVES = 30  # of a game: then the next begins


def give_up(sentence):
    print(sentence, file=sys.stderr)
    sys.exit(77)


def device_name():
    """The first device, as leela-zero names it: "VENDOR NAME @ MHZ"."""
    lines = subprocess.run(["clinfo", "--raw"], stdout=subprocess.PIPE, check=True, text=True).stdout
    value = {key: text for key, text in reversed(re.findall(r"^\[[^]]*\] +CL_DEVICE_(VENDOR|NAME|MAX_CLOCK_FREQUENCY) +(.*)$", lines, re.M))}
    return f"{value['VENDOR']} {value['NAME']} @ {value['MAX_CLOCK_FREQUENCY']}MHz"


class Engine:
    """leela-zero, spoken to by GTP, the Go Text Protocol: a command a line, an answer up to an empty line."""

    def __init__(self, program, home):
        folder = Path(home, ".local/share/leela-zero")
        folder.mkdir(parents=True)
        leela_zero_files.write(Path(home, "network"), folder / "leelaz_opencl_tuning", device_name())
        self.process = subprocess.Popen(
            [program, "--gtp", "--weights", str(Path(home, "network")), "--gpu", "0", "--precision", "single", "--threads", "1", "--noponder",
             "--seed", "7", "--resignpct", "0", "--playouts", "60"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env={**os.environ, "HOME": home})

    def ask(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        answer = ""
        for line in self.process.stdout:
            if line == "\n" and answer:
                break
            answer += line.strip()
        if not answer.startswith("="):
            sys.exit(f"leela-zero answered to {command}: {answer or 'nothing, and ended'}")
        return answer[1:].strip()


def play(engine, seconds):
    """Plays for `seconds`; the latencies of the moves, and how many were no moves."""
    latencies, wrong = [], 0
    began = printed = last = time.monotonic()
    while last - began < seconds:
        if len(latencies) % MOVES == 0:
            engine.ask("clear_board")
        move = engine.ask("genmove " + ("b" if len(latencies) % 2 == 0 else "w"))
        wrong += not re.fullmatch(r"[A-T][0-9]+|pass", move)
        latencies.append(time.monotonic() - last)
        last += latencies[-1]
        if last - printed >= 0.5:
            printed = last
            print(f"progress seconds={last - began:.2f} jobs={len(latencies)}", flush=True)
    return latencies, wrong, last - began


parser = argparse.ArgumentParser(description="Lets leela-zero play Go against itself.")
parser.add_argument("--seconds", type=float, default=5)
parser.add_argument("--wait", action="store_true", help="say `ready` and begin when a line comes on stdin")
options = parser.parse_args()
program = shutil.which("leelaz") or shutil.which("/usr/games/leelaz")
if not program or not shutil.which("clinfo"):
    give_up("leela-zero or clinfo is not here: apt install leela-zero clinfo")
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the folder goes then too
with tempfile.TemporaryDirectory() as home:
    engine = Engine(program, home)
    engine.ask("genmove b")
    if options.wait:
        print("ready", flush=True)
        sys.stdin.readline()
    latencies, wrong, seconds = play(engine, options.seconds)
    engine.ask("quit")
    engine.process.wait()
latencies.sort()
percentile = lambda part: latencies[int(part * (len(latencies) - 1))] * 1e3
print(f"result jobs={len(latencies)} seconds={seconds:.3f} rate={len(latencies) / seconds:.2f} unit=moves/s p50_ms={percentile(0.5):.3f} "
      f"p99_ms={percentile(0.99):.3f} wrong={wrong}")
sys.exit(1 if wrong else 0)
