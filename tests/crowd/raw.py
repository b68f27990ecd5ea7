"""The physical peer: the `websockets` library and nothing else. Whatever one says, all hear."""

import asyncio
import json
import sys

import uvloop
from websockets.asyncio.server import ServerConnection, broadcast, serve

EVERYBODY: set[ServerConnection] = set()
WELCOME = json.dumps({"t": "welcome", "epoch": "", "dseq": 0, "ticket": "", "rooms": []},
                     separators=(",", ":"))  # fmt: skip


async def console(line: ServerConnection) -> None:
    EVERYBODY.add(line)
    try:
        async for text in line:
            frame = json.loads(text)
            if frame["t"] == "hello":
                await line.send(WELCOME)
            elif frame["t"] == "ev":
                said = {
                    "t": "evs",
                    "room": 1,
                    "to": 1,
                    "head": "",
                    "pad": "x" * frame.get("pad", 0),
                }
                broadcast(EVERYBODY, json.dumps(said, separators=(",", ":")))
    finally:
        EVERYBODY.discard(line)


async def main(port: int) -> None:
    async with serve(
        console, "127.0.0.1", port, compression=None, ping_interval=None, backlog=4096,
        subprotocols=["proctor.v1"],  # type: ignore[list-item]
    ):  # fmt: skip
        await asyncio.Future()


uvloop.run(main(int(sys.argv[1])))
