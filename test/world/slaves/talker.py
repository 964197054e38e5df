"""Devices that talk in their own way on a serial line, made with pyserial from their makers' papers.

    python3 test/world/slaves/talker.py davis   --serial /dev/pts/4 [--asleep 1] [--spoil 1] [--no-soil]
    python3 test/world/slaves/talker.py rg15    --serial /dev/pts/4 [--inches] [--dirty]
    python3 test/world/slaves/talker.py arduino --serial /dev/pts/4 [--every 0.05]

Shares nothing with the agent: its own CRC, bit by bit, and its own table of where what stands. Prints `ready`
when it can be asked.
"""

import argparse
import json
import struct
import time

import serial


def crc_ccitt(data):
    crc = 0
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = ((crc << 1) ^ 0x1021) & 0xFFFF if crc & 0x8000 else (crc << 1) & 0xFFFF
    return crc


def loop_packet(out_f=86.4, out_hum=78, bar_inhg=29.871, wind_mph=9, avg_mph=7, wind_dir=225, day=31, year=4321,
                rate=12, soil_f=81, battery_v=4.5, uv=6.4, solar=812):
    packet = bytearray(99)
    packet[0:3] = b"LOO"
    packet[3] = 20
    struct.pack_into("<H", packet, 5, 511)
    struct.pack_into("<H", packet, 7, round(bar_inhg * 1000))
    struct.pack_into("<h", packet, 9, 795)
    packet[11] = 61
    struct.pack_into("<h", packet, 12, round(out_f * 10))
    packet[14] = wind_mph
    packet[15] = avg_mph
    struct.pack_into("<H", packet, 16, wind_dir)
    packet[18:41] = b"\xff" * 23
    packet[25] = 255 if soil_f is None else soil_f + 90
    packet[33] = out_hum
    struct.pack_into("<H", packet, 41, rate)
    packet[43] = round(uv * 10)
    struct.pack_into("<H", packet, 44, solar)
    struct.pack_into("<H", packet, 50, day)
    struct.pack_into("<H", packet, 52, 400)
    struct.pack_into("<H", packet, 54, year)
    packet[62:70] = b"\xff" * 8
    struct.pack_into("<H", packet, 87, round(battery_v * 100 * 512 / 300))
    packet[95:97] = b"\n\r"
    struct.pack_into(">H", packet, 97, crc_ccitt(packet[:97]))
    return bytes(packet)


def davis(port, options):
    """Asleep it swallows the first line feeds; LOOP n is acknowledged and followed by n packets."""
    asleep, spoil = options.asleep, options.spoil
    while True:
        line = port.read_until(b"\n")
        if line == b"\n":
            if asleep > 0:
                asleep -= 1
            else:
                port.write(b"\n\r")
        elif line.startswith(b"LOOP "):
            port.write(b"\x06")
            for _ in range(int(line[5:])):
                time.sleep(0.02)
                packet = bytearray(loop_packet(soil_f=None if options.no_soil else 81))
                if spoil > 0:
                    spoil -= 1
                    packet[20] ^= 0x40
                # A radio link in between hands it on in pieces.
                for at in range(0, 99, 40):
                    port.write(packet[at:at + 40])
                    port.flush()
                    time.sleep(0.005)
        elif line:
            port.write(b"\x15")


def rg15(port, options):
    """Says who it is, then answers R; every answer adds a little rain."""
    port.write(b"; Hydreon RG-15\r\n; SW 1.000 2019.07.09\r\nReset N\r\n")
    total = 12.4
    while True:
        command = port.read_until(b"\n").strip().lower()
        if command != b"r":
            if command:
                port.write(command[:1] + b"\r\n")
            continue
        total += 0.2
        values, length, rate = (0.2, 1.0, total, 6.0), "mm", "mmph"
        if options.inches:
            values, length, rate = tuple(each / 25.4 for each in values), "in", "iph"
        digits = 3 if options.inches else 2
        acc, event, whole, intensity = (f"{each:.{digits}f}" for each in values)
        line = f"Acc {acc} {length}, EventAcc {event} {length}, TotalAcc {whole} {length}, RInt {intensity} {rate}"
        if options.dirty:
            line += ", LensBad"
        port.write(line.encode() + b"\r\n")


def arduino(port, options):
    """A sketch that prints JSON for ever, with a greeting, a bad line and a sensor that fails now and then."""
    port.write(b"# tram lo B, v3\r\n")
    count = 0
    while True:
        count += 1
        sample = {"t": 27.4 if count % 5 else None, "air": {"rh": 81}, "soil": [30.5, 41], "uptime": count}
        line = json.dumps(sample)
        if count % 7 == 0:
            line = line[: len(line) // 2]
        port.write(line.encode() + b"\r\n")
        port.flush()
        time.sleep(options.every)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("device", choices=["davis", "rg15", "arduino"])
    parser.add_argument("--serial", required=True)
    parser.add_argument("--asleep", type=int, default=0)
    parser.add_argument("--spoil", type=int, default=0)
    parser.add_argument("--no-soil", action="store_true")
    parser.add_argument("--inches", action="store_true")
    parser.add_argument("--dirty", action="store_true")
    parser.add_argument("--every", type=float, default=0.05)
    options = parser.parse_args()
    port = serial.Serial(options.serial, 9600, timeout=None)
    print("ready", flush=True)
    {"davis": davis, "rg15": rg15, "arduino": arduino}[options.device](port, options)


main()
