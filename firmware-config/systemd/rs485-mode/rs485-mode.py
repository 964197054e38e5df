#!/usr/bin/env python3
"""Tells the kernel to switch the direction of an RS485 line by the RTS pin of a UART.

    rs485-mode.py /dev/ttyAMA3 [--active-low] [--before-ms N] [--after-ms N] [--off] [--show]

The request is TIOCSRS485 with a struct serial_rs485 of 32 bytes (Linux, include/uapi/linux/serial.h): flags, delay before
and after sending in ms, padding. Exit 0 when the kernel took it, 1 when the driver can't or the port is not there.
"""

import argparse
import errno
import fcntl
import os
import struct
import sys

TIOCGRS485 = 0x542E
TIOCSRS485 = 0x542F
ENABLED = 1 << 0
RTS_ON_SEND = 1 << 1
RTS_AFTER_SEND = 1 << 2
LAYOUT = "8I"


def main():
    parser = argparse.ArgumentParser(description="RS485 direction by the kernel")
    parser.add_argument("port")
    parser.add_argument("--active-low", action="store_true", help="the transceiver sends while RTS is low")
    parser.add_argument("--before-ms", type=int, default=0)
    parser.add_argument("--after-ms", type=int, default=0)
    parser.add_argument("--off", action="store_true", help="back to an ordinary port")
    parser.add_argument("--show", action="store_true", help="only say how it is")
    options = parser.parse_args()
    try:
        port = os.open(options.port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    except OSError as error:
        return complain(f"{options.port}: {error.strerror}")
    try:
        if not options.show:
            level = RTS_AFTER_SEND if options.active_low else RTS_ON_SEND
            flags = 0 if options.off else ENABLED | level
            wanted = struct.pack(LAYOUT, flags, options.before_ms, options.after_ms, *[0] * 5)
            fcntl.ioctl(port, TIOCSRS485, wanted)
        flags, before, after, *_ = struct.unpack(LAYOUT, fcntl.ioctl(port, TIOCGRS485, bytes(32)))
    except OSError as error:
        if error.errno in (errno.ENOTTY, errno.EINVAL, errno.EOPNOTSUPP):
            return complain(f"{options.port}: its driver can not switch the direction ({error.strerror}); see README.md")
        return complain(f"{options.port}: {error.strerror}")
    finally:
        os.close(port)
    state = "on" if flags & ENABLED else "off"
    level = "low" if flags & RTS_AFTER_SEND else "high"
    print(f"{options.port}: RS485 {state}, RTS {level} while sending, {before} ms before, {after} ms after")
    return 0


def complain(sentence):
    print(sentence, file=sys.stderr)
    return 1


sys.exit(main())
