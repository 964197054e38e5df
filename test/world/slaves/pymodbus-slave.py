"""Probes made of pymodbus (Debian's python3-pymodbus), a second opinion on a serial line.

    python3 test/world/slaves/pymodbus-slave.py --serial /dev/pts/4 --baud 9600 \
        --holding 1:0=341,268,412,61,29,40,81 --input 2:1=305,612

    python3 test/world/slaves/pymodbus-slave.py --tcp 5020 --framer rtu --holding 1:0=341     (a serial server)
    python3 test/world/slaves/pymodbus-slave.py --serial /dev/pts/4 --framer ascii --holding 1:0=341

Each --holding or --input is UNIT:FIRST_REGISTER=VALUE,... ; a register that is not named is exception 02.
Prints one line `ready` when it can be asked.
"""

import argparse
import asyncio

from pymodbus.datastore import ModbusServerContext, ModbusSlaveContext, ModbusSparseDataBlock
from pymodbus.framer.ascii_framer import ModbusAsciiFramer
from pymodbus.framer.rtu_framer import ModbusRtuFramer
from pymodbus.framer.socket_framer import ModbusSocketFramer
from pymodbus.server import StartAsyncSerialServer, StartAsyncTcpServer

FRAMERS = {"rtu": ModbusRtuFramer, "ascii": ModbusAsciiFramer, "tcp": ModbusSocketFramer}


def blocks_of(stated):
    """UNIT:FIRST=a,b,c ... -> {unit: {register: value}}"""
    units = {}
    for each in stated:
        place, values = each.split("=")
        unit, first = (int(part, 0) for part in place.split(":"))
        registers = units.setdefault(unit, {})
        for offset, value in enumerate(values.split(",")):
            registers[first + offset] = int(value, 0)
    return units


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--serial")
    parser.add_argument("--tcp", type=int)
    parser.add_argument("--framer", choices=FRAMERS, default="rtu")
    parser.add_argument("--baud", type=int, default=9600)
    parser.add_argument("--holding", action="append", default=[])
    parser.add_argument("--input", action="append", default=[])
    options = parser.parse_args()

    holding, inputs = blocks_of(options.holding), blocks_of(options.input)
    # A block needs at least one register; one far away from all that is asked stands for none.
    nothing = {65535: 0}
    slaves = {
        unit: ModbusSlaveContext(
            hr=ModbusSparseDataBlock(holding.get(unit, nothing)),
            ir=ModbusSparseDataBlock(inputs.get(unit, nothing)),
            zero_mode=True,
        )
        for unit in sorted(set(holding) | set(inputs))
    }
    shared = {
        "context": ModbusServerContext(slaves=slaves, single=False),
        "framer": FRAMERS[options.framer],
        "ignore_missing_slaves": True,
        "defer_start": True,
    }
    if options.tcp is not None:
        server = await StartAsyncTcpServer(address=("127.0.0.1", options.tcp), **shared)
        serving = asyncio.ensure_future(server.serve_forever())
        await server.serving
        print("ready", flush=True)
        await serving
        return
    server = await StartAsyncSerialServer(port=options.serial, baudrate=options.baud, **shared)
    await server.start()
    print("ready", flush=True)
    await server.serve_forever()


asyncio.run(main())
