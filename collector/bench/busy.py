"""Keeps a CPU busy the way Python programs do: busy.py PERCENT (of one CPU; 100 never rests)."""

import json
import re
import sys
import time


def parse(text):
    return [int(number) for number in re.findall(r"\d+", text)]


def encode(depth):
    return {"depth": depth, "rest": encode(depth - 1)} if depth else {}


def round_trip():
    text = json.dumps([encode(12), list(range(60))])
    return sum(parse(text)) + len(json.loads(text))


def main():
    percent = int(sys.argv[1]) if len(sys.argv) == 2 else 100
    while True:
        end = time.monotonic() + 0.01
        while time.monotonic() < end:
            round_trip()
        if percent < 100:
            time.sleep(0.01 * (100 - percent) / percent)


main()
