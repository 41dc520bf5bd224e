#!/usr/bin/env python3
"""Writes what leela-zero needs to start at once: an untrained network and the tuning of its kernels.   leela_zero_files.py NETWORK TUNING DEVICE

The network has two residual blocks of 32 channels and weights from a fixed seed: it plays badly, but the same everywhere. DEVICE is the device as leela-zero
names it, "VENDOR NAME @ MHZ". Without a tuning for exactly this device and network it tries hundreds of kernels for minutes; the one written here is what it
found for PoCL and is right, if not the fastest, on any device with work groups of 64.
"""
import random
import sys

CHANNELS, BLOCKS, BOARD = 32, 2, 19 * 19
generator = random.Random(1)


def weights(count, deviation):
    return " ".join(f"{generator.gauss(0, deviation):.4f}" for _ in range(count))


def constant(count, value):
    return " ".join([value] * count)


def convolution(inputs, outputs, side):
    """Weights and biases, then the means and variances of its batch normalisation."""
    fan_in = inputs * side * side
    return [weights(fan_in * outputs, (2 / fan_in) ** 0.5), constant(outputs, "0"), constant(outputs, "0"), constant(outputs, "1")]


def dense(inputs, outputs):
    return [weights(inputs * outputs, (1 / inputs) ** 0.5), weights(outputs, 0.01)]


def network():
    rows = ["1"] + convolution(18, CHANNELS, 3)
    for _ in range(2 * BLOCKS):
        rows += convolution(CHANNELS, CHANNELS, 3)
    rows += convolution(CHANNELS, 2, 1) + dense(2 * BOARD, BOARD + 1)  # which move
    rows += convolution(CHANNELS, 1, 1) + dense(BOARD, 256) + dense(256, 1)  # who wins
    return rows


def tuning(device):
    # Version, kernel, the sizes of the product: channels, tiles a batch, channels, elements of a tile.
    values = dict(KWG=16, KWI=2, MDIMA=8, MDIMC=8, MWG=16, NDIMB=8, NDIMC=8, NWG=32, SA=1, SB=1, STRM=0, STRN=0, TCE=0, VWM=2, VWN=4)
    defines = " ".join(f"-D{name}={value}" for name, value in values.items())
    return f"1;XgemmBatched;{CHANNELS};25;{CHANNELS};36; {defines};OpenCL: {device}"


def write(network_path, tuning_path, device):
    with open(network_path, "w", encoding="ascii") as file:
        file.write("\n".join(network()) + "\n")
    with open(tuning_path, "w", encoding="utf-8") as file:
        file.write(tuning(device) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    write(*sys.argv[1:])
