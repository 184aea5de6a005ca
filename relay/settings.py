"""What is in force: the operator's file, and what was said through the API since.

    a channel of the file     the file always wins: what the API changes of it holds until the next
                              reload or start
    a channel made by API     holds, beside the file, and over a restart where the store is on disk
                              (`config.kept`); once the file has one of this name, that one counts
    stopped                   stays stopped until it is started, over a restart too where the store
                              is on disk

A file that cannot be used changes nothing. The API may name files with secrets in one folder only
(`[server] api_secrets`): whoever may call it shall not be able to send any file to any address.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from relay.config import ChannelTable, Config, with_channels
from relay.config.checking import circles
from relay.config.kept import Kept
from relay.config.plan import Change, Plan, fixed, unlike
from relay.config.tables import Table
from relay.errors import ConfigInvalid, SettingsInvalid
from relay.roster import Roster

MOST = 256
"""Channels up to which the API may make more."""

log = structlog.get_logger("relay.settings")


@dataclass(frozen=True, slots=True)
class Report:
    """What a change came to. `later`: settings of the relay itself, which wait for its next start.

    `failed`: why, by channel. `kept`: it will hold after a restart too.
    """

    plan: Plan
    failed: Mapping[str, str] = field(default_factory=dict)
    later: tuple[str, ...] = ()
    kept: bool = True


class Settings:
    """`read` reads the file anew, None: there is none. `refresh`: what else is in files of its own.
    Both raise ConfigInvalid."""

    def __init__(
        self,
        config: Config,
        read: Callable[[], Config] | None,
        roster: Roster,
        kept: Kept,
        refresh: Callable[[], None],
    ) -> None:
        self._config = config
        self._read = read
        self._roster = roster
        self._kept = kept
        self._refresh = refresh
        self._file: dict[str, ChannelTable] = dict(config.channels)
        self._made: dict[str, ChannelTable] = {}
        self._turn = asyncio.Lock()

    async def open(self) -> None:
        """The start of the relay. Raises OperatorError."""
        self._made, stopped = self._kept.load()
        for name in self._made.keys() & self._file.keys():
            log.warning("the file has it too, and wins", code="API_CHANNELS", channel=name)
        await self._roster.open({**self._made, **self._file}, stopped)

    @property
    def channels(self) -> Mapping[str, ChannelTable]:
        """All of them, as they are wanted."""
        return self._roster.wanted

    def by_api(self, name: str) -> bool:
        """It is none of the file's."""
        return name not in self._file

    def differs(self, name: str) -> list[str]:
        """Settings in which a channel of the file is unlike what the file says of it."""
        said = self._file.get(name)
        return [] if said is None else list(unlike(said, self._roster.wanted[name]))

    async def reload(self) -> Report:
        """Read the file, and let it hold. Raises ConfigInvalid; then nothing was changed."""
        async with self._turn:
            try:
                report = await self._reload()
            except ConfigInvalid as error:
                for line in error.message.splitlines():
                    log.warning(line, code="RELOAD_REFUSED")
                raise
        plan = report.plan
        log.info(
            "the configuration was read anew",
            code="RELOADED",
            added=sorted(plan.added),
            removed=list(plan.removed),
            changed=[change.name for change in plan.changed],
        )
        if report.later:
            log.warning(
                "settings of the relay itself wait for its next start",
                code="RELOAD_WAITS",
                settings=list(report.later),
            )
        return report

    async def put(self, name: str, table: ChannelTable) -> Report:
        """Create a channel, or replace its settings. Raises SettingsInvalid."""
        async with self._turn:
            if name not in self._roster.wanted and len(self._roster.wanted) >= MOST:
                raise SettingsInvalid(
                    f"There are {MOST} channels already.", hint="Remove one, or use the file."
                )
            self._check_files(name, table)
            wanted = {**self._roster.wanted, name: table}
            found = await asyncio.to_thread(circles, self._config.server.listen, wanted)
            if found:
                raise SettingsInvalid("; ".join(found))
            try:
                with_channels(self._config, wanted)
                done, failed = await self._roster.become(wanted)
            except ConfigInvalid as error:
                raise SettingsInvalid(error.message, hint=error.hint) from error
            if name not in self._file and name not in failed:
                self._made[name] = table
            return Report(done, failed, kept=await self._save() and self.by_api(name))

    async def delete(self, name: str) -> Report:
        """Remove a channel. Raises ChannelUnknown, SettingsInvalid."""
        async with self._turn:
            self._roster.find(name)
            wanted = {n: table for n, table in self._roster.wanted.items() if n != name}
            try:
                done, failed = await self._roster.become(wanted)
            except ConfigInvalid as error:
                raise SettingsInvalid(error.message, hint=error.hint) from error
            if name not in failed:
                self._made.pop(name, None)
            return Report(done, failed, kept=await self._save() and self.by_api(name))

    async def start(self, name: str) -> bool:
        """Start a channel; whether that is kept. Raises ControlError, ConfigInvalid."""
        async with self._turn:
            await self._roster.start(name)
            return await self._save()

    async def stop(self, name: str) -> bool:
        """Stop a channel; whether that is kept. Raises ControlError."""
        async with self._turn:
            await self._roster.stop(name)
            return await self._save()

    async def _reload(self) -> Report:
        if self._read is None:
            raise ConfigInvalid("This relay was started without a file: there is nothing to read.")
        config = await asyncio.to_thread(self._read)
        await asyncio.to_thread(self._refresh)
        done, failed = await self._roster.become({**self._made, **config.channels})
        self._file = dict(config.channels)
        return Report(done, failed, tuple(fixed(self._config, config)))

    async def _save(self) -> bool:
        """Keep what the API made; whether it is."""
        stopped = self._roster.wanted.keys() - self._roster.running.keys()
        try:
            await asyncio.to_thread(self._kept.save, self._made, stopped)
        except OSError as error:
            log.warning("what the API made cannot be kept", code="API_CHANNELS", error=str(error))
            return False
        return self._kept.lasts

    def _check_files(self, name: str, table: ChannelTable) -> None:
        """Raise SettingsInvalid for a file that the API may not name, or a URL that was masked."""
        said = self._file.get(name)
        token = table.playback_token_file
        if token is not None and (said is None or token != said.playback_token_file):
            self._check_within("playback_token_file", [token])
        for section in ("sources", "upstreams"):
            named: Mapping[str, Table] = getattr(table, section)
            known: Mapping[str, Table] = getattr(said, section) if said is not None else {}
            for key, own in named.items():
                if own == known.get(key):
                    continue
                path = f"{section}.{key}"
                if str(getattr(own, "url", "")).endswith("?..."):
                    raise SettingsInvalid(
                        f"{path}.url: the query is masked.", hint="Write it as it is to be."
                    )
                self._check_within(path, [value for _, value in own if isinstance(value, Path)])

    def _check_within(self, path: str, files: Sequence[Path]) -> None:
        folder = self._config.server.api_secrets
        if any(folder is None or not _within(file, folder) for file in files):
            raise SettingsInvalid(
                f"{path}: the API may not name this file.",
                hint="Put it into the folder [server] api_secrets, or say it in the file.",
            )


def _within(file: Path, folder: Path) -> bool:
    return file.resolve().is_relative_to(folder.resolve())


__all__ = ["Change", "Report", "Settings"]
