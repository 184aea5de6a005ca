"""A disk that refuses does not stop a channel, and the operator is told everywhere."""

import json
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from relay.app import House
from relay.channel import Channel
from relay.journal import Event
from relay.store.disk import DiskStore
from relay.system_clock import SystemClock
from tests.door import published, shown
from tests.monitor.test_door import opened, push
from tests.server.wire import connected, eventually
from tests.store.disk_files import remount


async def get(house: House, path: str) -> tuple[int, Any]:
    async with connected(house.addresses[1]) as client:
        await client.send(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        answer = await client.answer()
        return answer.status, json.loads(answer.body)


def told(channel: Channel) -> list[Event]:
    return [event for event in channel.journal.events.values() if event.code.startswith("STORE_")]


@pytest.mark.fault("F28")
async def test_a_channel_lives_on_memory_and_says_so_until_the_disk_works_again(
    small_disk: Path,
) -> None:
    async with opened() as house:
        memory = house.channels["news"]
        await memory.close()
        store = await DiskStore.open(small_disk, "news", retry=0.05)
        channel = Channel("news", store, memory.rules, SystemClock())
        await channel.open()
        house.channels["news"] = channel
        await push(house, "enc_a", 0, 2)
        assert await get(house, "/readyz") == (200, {"status": "ready"})
        remount(small_disk, "ro")
        with capture_logs() as logs:
            await push(house, "enc_a", 2, 5)
            await shown(channel, range(5))
            assert await eventually(lambda: len(told(channel)) == 1)
            why = store.degraded
            assert "Read-only" in why
            assert await get(house, "/readyz") == (
                200,
                {"status": "ready", "degraded": {"news": why}},
            )
            _, said = await get(house, "/api/v1/status")
            assert said["channels"]["news"]["degraded"] == why
            remount(small_disk, "rw")
            assert await eventually(lambda: len(told(channel)) == 2)
        degraded, recovered = told(channel)
        assert (degraded.code, degraded.text, degraded.grave) == ("STORE_DEGRADED", why, True)
        assert (recovered.code, recovered.grave) == ("STORE_RECOVERED", False)
        codes = [line.get("code") for line in logs]
        assert codes.count("STORE_DEGRADED") == codes.count("STORE_RECOVERED") == 1
        assert await get(house, "/readyz") == (200, {"status": "ready"})
        await channel.close()
        store = await DiskStore.open(small_disk, "news")
        again = Channel("news", store, memory.rules, SystemClock())
        await again.open()
        assert published(again) == list(range(5))
        house.channels["news"] = again
