#!/usr/bin/env python3
"""Compares two outputs of `clinfo --raw`: bare and under the layer.   compare_clinfo.py OPENCL_DEF BARE LAYERED

The second must be the first without the withheld extensions and without the properties clinfo asks for only because of
one of them. At least one extension must have been withheld, else the layer was not there.
"""
import re
import sys

# What clinfo prints for a device because it has a withheld extension.
OF_WITHHELD = re.compile(r"CL_DEVICE_(COMMAND_BUFFER_|MUTABLE_DISPATCH_|\w+_MEM_CAPABILITIES_INTEL|SEMAPHORE_|EXTERNAL_)")

definition, bare_path, layered_path = sys.argv[1:]
withheld = set(re.findall(r"^FLEXAI_WITHHELD\((\w+),", open(definition).read(), re.M))


def without_withheld(line):
    match = re.match(r"(.*CL_(?:PLATFORM|DEVICE)_EXTENSIONS\S*\s+)(.*)", line)
    if not match:
        return line, 0
    names = re.findall(r"\S+ *", match[2])
    kept = [name for name in names if name.split(":")[0].strip() not in withheld]
    return (match[1] + "".join(kept)).rstrip(), len(names) - len(kept)


expected, taken_out = [], 0
for line in open(bare_path).read().splitlines():
    if OF_WITHHELD.search(line):
        continue
    line, removed = without_withheld(line.rstrip())
    taken_out += removed
    expected.append(line)
layered = [line.rstrip() for line in open(layered_path).read().splitlines()]

differences = [(a, b) for a, b in zip(expected, layered) if a != b]
for a, b in differences[:5]:
    print(f"  expected  {a}\n  found     {b}")
if differences or len(expected) != len(layered):
    sys.exit(f"clinfo shows something else under the layer: {len(differences)} lines differ, {len(expected)} expected, {len(layered)} found")
if len(expected) < 50:
    sys.exit("clinfo shows no device: nothing was compared")
if taken_out == 0:
    sys.exit("no extension was withheld: the loader did not use the layer, or no driver has one")
print(f"  {len(layered)} lines as without the layer, {taken_out} extension names withheld")
