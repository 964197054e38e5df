#!/usr/bin/env python3
"""Serial lines full of probes, at the pace of their wire, each line a pseudo-terminal:

    paced-lines.py [--lines 4] [--units 25] [--baud 9600] [--delay-ms 20] [--seed 1]

A request reaches the probe when its last bit would have left the master, the probe notices its end by the silence
of 3.5 characters, works for its delay, and its answer comes in pieces of 8 to 16 bytes, as a USB adapter hands them
on, each when the wire would have brought its last bit. Every time is reckoned from the request, not from when this
program woke up; how late it woke is counted.

Says "ready PATH PATH …" on stdout. "count" on stdin is answered with a JSON line of what happened since the last
"count"; the end of stdin ends it. It shares nothing with the agent: its own frames, its own check sum.
"""
import argparse
import heapq
import json
import os
import random
import select
import sys
import time
import tty

CHARACTER_BITS = 10
GAP_CHARACTERS = 3.5


def crc(data):
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ 0xA001 if value & 1 else value >> 1
    return value


def framed(body):
    check = crc(body)
    return bytes(body) + bytes([check & 0xFF, check >> 8])


class Line:
    def __init__(self, units):
        self.master, self.end = os.openpty()
        tty.setraw(self.end)
        self.path = os.ttyname(self.end)
        self.units = units
        self.held = b""
        self.clear()

    def clear(self):
        self.answers = 0
        self.wire_s = 0.0
        self.odd_bytes = 0
        self.too_early = 0
        self.late_s = []
        self.idle_s = []

    busy_until = 0.0
    last_sent = None


def main():
    words = argparse.ArgumentParser()
    words.add_argument("--lines", type=int, default=4)
    words.add_argument("--units", type=int, default=25)
    words.add_argument("--baud", type=int, default=9600)
    words.add_argument("--delay-ms", type=float, default=20)
    words.add_argument("--seed", type=int, default=1)
    options = words.parse_args()
    character_s = CHARACTER_BITS / options.baud
    gap_s = GAP_CHARACTERS * character_s
    chance = random.Random(options.seed)
    lines = [Line(options.units) for _ in range(options.lines)]
    by_file = {line.master: line for line in lines}
    due = []  # (time, order, line, piece)
    order = 0
    print("ready", *[line.path for line in lines], flush=True)

    def hear(line, data):
        nonlocal order
        now = time.monotonic()
        if now < line.busy_until:
            line.too_early += 1
        line.held += data
        if len(line.held) < 8:
            return
        request, line.held = line.held[:8], b""
        unit, code, high, low, count_high, count = request[:6]
        if crc(request[:6]) != request[6] | request[7] << 8 or not 1 <= unit <= line.units or code not in (3, 4):
            line.odd_bytes += len(request)
            return
        if line.last_sent is not None:
            line.idle_s.append(now - line.last_sent)
        first = high << 8 | low
        contents = [(200 + (first + at) * 37 + line.answers % 50) & 0xFFFF for at in range(count)]
        answer = framed([unit, code, count * 2] + [byte for word in contents for byte in (word >> 8, word & 0xFF)])
        begins = now + len(request) * character_s + gap_s + options.delay_ms / 1000
        sent = 0
        while sent < len(answer):
            size = min(chance.randint(8, 16), len(answer) - sent)
            piece = answer[sent : sent + size]
            sent += size
            order += 1
            heapq.heappush(due, (begins + sent * character_s, order, line, piece, sent == len(answer)))
        line.busy_until = begins + len(answer) * character_s
        line.wire_s += (len(request) + len(answer)) * character_s + 2 * gap_s + options.delay_ms / 1000

    poll = select.epoll()
    for line in lines:
        poll.register(line.master, select.EPOLLIN)
    poll.register(sys.stdin.fileno(), select.EPOLLIN)
    counted_at = time.monotonic()
    while True:
        # select() waits to the microsecond, where epoll's whole milliseconds would pace the wire wrongly.
        wait = max(0.0, due[0][0] - time.monotonic()) if due else None
        ready, _, _ = select.select([sys.stdin.fileno(), *by_file], [], [], wait)
        now = time.monotonic()
        while due and due[0][0] <= now:
            at, _, line, piece, is_last = heapq.heappop(due)
            os.write(line.master, piece)
            line.late_s.append(now - at)
            if is_last:
                line.answers += 1
                line.last_sent = now
        for file in ready:
            if file in by_file:
                try:
                    hear(by_file[file], os.read(file, 256))
                except OSError:
                    time.sleep(0.01)  # nobody has the other end open yet
                continue
            if os.read(file, 256) == b"":
                return
            seconds = now - counted_at
            counted_at = now
            found = [
                {
                    "answers": line.answers,
                    "busyShare": line.wire_s / seconds,
                    "idleMs": mean(line.idle_s),
                    "lateMs": mean(line.late_s),
                    "oddBytes": line.odd_bytes,
                    "tooEarly": line.too_early,
                }
                for line in lines
            ]
            for line in lines:
                line.clear()
            print(json.dumps({"seconds": seconds, "gapMs": gap_s * 1000, "lines": found}), flush=True)


def mean(values):
    return 1000 * sum(values) / len(values) if values else None


main()
