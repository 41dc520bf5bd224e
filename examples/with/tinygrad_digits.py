#!/usr/bin/env python3
"""Trains a small network on handwritten digits with tinygrad.   DEV=CL tinygrad_digits.py [DIGITS] [--jobs N] [--seconds S] [--test-after N] [--seed N] [--wait]

DIGITS (the file beside this one) holds an image a line: its label, a blank, 64 characters 0-9 and a-g for 0 to 16 (examples/digits/digits.txt). The first 1,500 images are learnt
from and the others tested. A job is a step; it stops after N jobs or S seconds, whichever comes first, and prints the lines of the other examples. The
first steps, in which tinygrad writes and compiles its kernels, are jobs but not part of the seconds; with --wait `ready` is said behind them. Without
tinygrad it ends with status 77. Each test prints a line `tested`: the answers are
computed once more in plain Python, and `wrong` counts where the device answers otherwise.

Numbers of losses and tests depend on the seed and the driver alone. tinygrad keeps what it compiled in the file that CACHEDB names.
"""
import argparse
import hashlib
import os
import struct
import sys
import time
from pathlib import Path

os.environ.setdefault("DEV", "CL")  # any other backend would take no OpenCL device
try:
    from tinygrad import Context, Device, Tensor, TinyJit, nn
except ImportError:
    print("python3 has no tinygrad here: pip install tinygrad", file=sys.stderr)
    sys.exit(77)

TRAINING_DIGITS, BATCH, HIDDEN = 1500, 1000, 256
WARM_UP = 2  # steps until TinyJit knows the kernels


def read_digits(path):
    images, labels = [], []
    for number, line in enumerate(open(path, encoding="ascii"), 1):
        label, _, pixels = line.rstrip("\n").partition(" ")
        if len(label) != 1 or label not in "0123456789" or len(pixels) != 64 or not set(pixels) <= set("0123456789abcdefg"):
            sys.exit(f"{path}:{number}: not a digit: a label, a blank and 64 characters 0-9 and a-g are expected")
        images.append([int(pixel, 17) / 16 for pixel in pixels])
        labels.append(int(label))
    if len(images) <= TRAINING_DIGITS:
        sys.exit(f"{path}: {len(images)} images; more than {TRAINING_DIGITS} are needed")
    return images, labels


class Network:
    def __init__(self):
        self.first, self.second = nn.Linear(64, HIDDEN), nn.Linear(HIDDEN, 10)

    def __call__(self, x):
        return self.second(self.first(x).relu())


def best(scores):
    return max(range(len(scores)), key=scores.__getitem__)


def in_python(network, images):
    """The scores of the images, computed without any device."""
    w1, b1, w2, b2 = (t.tolist() for t in (network.first.weight, network.first.bias, network.second.weight, network.second.bias))
    dense = lambda weights, biases, x: [sum(w * v for w, v in zip(row, x)) + bias for row, bias in zip(weights, biases)]
    return [dense(w2, b2, [max(v, 0.0) for v in dense(w1, b1, image)]) for image in images]


parser = argparse.ArgumentParser(description="Trains a small network on handwritten digits with tinygrad.")
parser.add_argument("digits", nargs="?", default=Path(__file__).resolve().parent / "digits.txt")
parser.add_argument("--jobs", type=int, default=0)
parser.add_argument("--seconds", type=float, default=0)
parser.add_argument("--test-after", type=int, default=0, help="test also after so many jobs")
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--wait", action="store_true", help="say `ready` and begin when a line comes on stdin")
options = parser.parse_args()
if options.jobs <= 0 and options.seconds <= 0:
    options.seconds = 5

images, labels = read_digits(options.digits)
Tensor.manual_seed(options.seed)
training_images, training_labels = Tensor(images[:TRAINING_DIGITS]).realize(), Tensor(labels[:TRAINING_DIGITS]).realize()
test_images, test_labels = images[TRAINING_DIGITS:], labels[TRAINING_DIGITS:]
network = Network()
optimizer = nn.optim.SGD(nn.state.get_parameters(network), lr=0.1, momentum=0.9)
print(f'device name="{Device[Device.DEFAULT].device_name}" platform="tinygrad {Device.DEFAULT}"', flush=True)


@TinyJit
@Context(TRAINING=1)
def step():
    chosen = Tensor.randint(BATCH, high=TRAINING_DIGITS)
    optimizer.zero_grad()
    loss = network(training_images[chosen]).sparse_categorical_crossentropy(training_labels[chosen]).backward()
    return loss.realize(*optimizer.schedule_step())


def test():
    """Prints the line `tested` and returns the accuracy and the wrong answers."""
    scores = network(Tensor(test_images)).tolist()
    wrong = 0
    for found, expected in zip(scores, in_python(network, test_images)):
        first, second = sorted(expected, reverse=True)[:2]
        wrong += best(found) != best(expected) and first - second > 1e-3  # a tie may go either way
    accuracy = sum(best(row) == label for row, label in zip(scores, test_labels)) / len(test_labels)
    digest = hashlib.sha256(struct.pack(f"<{10 * len(scores)}f", *(value for row in scores for value in row))).hexdigest()[:16]
    print(f"tested jobs={jobs} loss={loss:.9f} accuracy={accuracy:.4f} wrong={wrong} scores={digest}", flush=True)
    return accuracy, wrong


jobs, loss, latencies, wrong = 0, 0.0, [], 0
began = printed = last = time.monotonic()
while (options.jobs <= 0 or jobs < options.jobs) and (options.seconds <= 0 or last - began < options.seconds):
    loss = step().item()
    jobs += 1
    if jobs <= WARM_UP:
        if jobs == WARM_UP and options.wait:
            print("ready", flush=True)
            sys.stdin.readline()
        began = printed = last = time.monotonic()
        continue
    now = time.monotonic()
    latencies.append(now - last)
    last = now
    if jobs == options.test_after:
        wrong += test()[1]
        last = time.monotonic()
    if last - printed >= 0.5:
        printed = last
        print(f"progress seconds={last - began:.2f} jobs={jobs} loss={loss:.6f}", flush=True)

accuracy, more = test()
wrong += more
seconds = max(last - began, 1e-9)
latencies.sort()
percentile = lambda part: latencies[int(part * (len(latencies) - 1))] * 1e3 if latencies else 0
print(f"result jobs={jobs} seconds={seconds:.3f} rate={len(latencies) / seconds:.2f} unit=steps/s p50_ms={percentile(0.5):.3f} "
      f"p99_ms={percentile(0.99):.3f} wrong={wrong} accuracy={accuracy:.4f} checked=predictions")
sys.exit(1 if wrong else 0)
