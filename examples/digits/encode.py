#!/usr/bin/env python3
"""Makes digits.txt from the data set as scikit-learn ships it.

    examples/digits/encode.py digits.csv.gz > examples/digits/digits.txt

digits.csv.gz lies in Debian's package python3-sklearn and in scikit-learn's wheel (sklearn/datasets/data). A line of it is 64 numbers 0 to 16, row by
row, and the digit; a line of ours is the digit, a blank, and the 64 numbers as one character each: 0-9, and a-g for 10 to 16.
"""
import gzip
import hashlib
import sys

SOURCE = "6ebb3d2fee246a4e99363262ddf8a00a3c41bee6014c373ed9d9216ba7f651b8"  # SHA-256 of the unpacked file
CHARACTERS = "0123456789abcdefg"


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with gzip.open(sys.argv[1]) as file:
        data = file.read()
    if hashlib.sha256(data).hexdigest() != SOURCE:
        sys.exit(f"{sys.argv[1]} is not the file that digits.txt was made from: its SHA-256 unpacked is not {SOURCE}")
    for line in data.decode().splitlines():
        *pixels, label = map(int, line.split(","))
        print(label, "".join(CHARACTERS[pixel] for pixel in pixels))


main()
