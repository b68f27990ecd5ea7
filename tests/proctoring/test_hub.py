"""Who listens: a slow device gets a snapshot instead of a backlog, and slows nobody."""

import asyncio
import time

from proctoring.hub import MAX_FRAMES, Hub, Mailbox


async def nothing(_audience: str) -> None:
    return None


async def test_a_frame_reaches_every_listener_of_its_audience_once() -> None:
    hub = Hub()
    heard: list[list[str]] = [[], [], []]

    def sender(place: int) -> Mailbox:
        async def send(text: str) -> None:
            heard[place].append(text)

        return Mailbox(send, nothing)

    boxes = [sender(place) for place in range(3)]
    for box in boxes[:2]:
        hub.join("room:1", box)
    hub.join("room:2", boxes[2])
    assert hub.publish("room:1", "x") == 2
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert heard == [["x"], ["x"], []]
    for box in boxes:
        hub.leave(box)
        await box.close()
    assert hub.is_empty


async def test_a_device_that_is_too_slow_gets_a_snapshot_and_memory_stays_bounded() -> None:
    hub = Hub()
    gate, got, refreshed = asyncio.Event(), [], []

    async def send(text: str) -> None:
        await gate.wait()
        got.append(text)

    async def refresh(audience: str) -> None:
        refreshed.append(audience)

    slow = Mailbox(send, refresh)
    hub.join("room:1", slow)
    for number in range(10 * MAX_FRAMES):
        hub.publish("room:1", str(number))
    await asyncio.sleep(0)
    gate.set()
    for _ in range(10):
        await asyncio.sleep(0)
    assert len(got) <= MAX_FRAMES
    assert refreshed == ["room:1"]
    hub.publish("room:1", "later")
    for _ in range(4):
        await asyncio.sleep(0)
    assert got[-1] == "later"
    await slow.close()


async def test_a_slow_device_does_not_hold_up_its_neighbour() -> None:
    hub = Hub()
    got: list[str] = []

    async def stuck(_text: str) -> None:
        await asyncio.sleep(3600)

    async def quick(text: str) -> None:
        got.append(text)

    boxes = [Mailbox(stuck, nothing), Mailbox(quick, nothing)]
    for box in boxes:
        hub.join("room:1", box)
    began = time.monotonic()
    hub.publish("room:1", "x")
    while not got:
        await asyncio.sleep(0)
    assert time.monotonic() - began < 5
    for box in boxes:
        await box.close()
