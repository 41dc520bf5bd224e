#!/usr/bin/env python3
"""Whether slices that all want more than they have used the XPU as they asked.   check_shares.py SMI_JSON NAME PERCENT [NAME PERCENT]…

Nobody above his cap, and what they used together is divided as asked; both within 5 points. Not that all of the XPU was used: on a busy machine a program's
own code may be late with the next kernel, and a capped slice cannot catch up.
"""
import json
import sys

ALLOWED = 5

document = json.load(open(sys.argv[1]))
measured = {}
for xpu in document["xpus"]:
    for piece in xpu["slices"]:
        if piece["measured"]:
            measured[piece["name"]] = (piece["measured"]["permille"] + piece["measured"]["think_permille"]) / 10

asked = {name: float(percent) for name, percent in zip(sys.argv[2::2], sys.argv[3::2])}
missing = [name for name in asked if name not in measured]
if missing:
    sys.exit(f"the slice {missing[0]} is not there, or was not measured")
used = sum(measured[name] for name in asked)
if used < 25:
    sys.exit(f"the XPU was hardly used ({used:.1f} %): this says nothing of shares")

wrong = False
for name, percent in asked.items():
    part = 100 * measured[name] / used
    expected = 100 * percent / sum(asked.values())
    print(f"  {name}: asked {percent:.0f} %, used {measured[name]:.1f} % of the XPU, {part:.1f} % of what was used")
    wrong = wrong or abs(part - expected) > ALLOWED or measured[name] > percent + ALLOWED
sys.exit(1 if wrong else 0)
