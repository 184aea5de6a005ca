"""The gate of one channel: a request comes in under a source's name, or not at all."""

from collections.abc import Mapping

from relay.access import digest
from relay.access.asked import Asked
from relay.access.credentials import Credentials
from relay.access.tries import Tries
from relay.errors import AccessDenied, AccessRequired, TooManyTries, quoted

_HINT = "Give the encoder the user and password, or the token, that the relay's configuration has."


class Gate:
    """`sources` by name; none: everyone may push. `key` seals nonces; `tries` may be shared."""

    def __init__(self, sources: Mapping[str, Credentials], key: bytes, tries: Tries) -> None:
        self._sources = sources
        self._key = key
        self._tries = tries

    def admit(self, asked: Asked, now: int) -> str | None:
        """The name under which it pushes, None as its URL or address says; `now` in ms.

        Raises AccessRequired, AccessDenied, TooManyTries.
        """
        if not self._sources:
            return asked.source
        wait = self._tries.waits(asked.address, now)
        if wait:
            raise TooManyTries(
                "Too many wrong passwords came from this address.",
                hint=f"Correct what the encoder has, and try again in {-(-wait // 1000)} s.",
                seconds=-(-wait // 1000),
            )
        known = self._known(asked, now)
        here = [
            name
            for name, source in self._sources.items()
            if source.comes_from(asked.address)
            and (name in known if source.secret else source.networks or asked.source == name)
        ]
        if known and not here:
            raise AccessDenied(
                f"Nobody may push to this channel from {asked.address}.",
                hint="See `allow` of the channel's sources.",
            )
        if here:
            return self._name(asked, here)
        raise self._refusal(asked, now)

    def _known(self, asked: Asked, now: int) -> list[str]:
        """The sources whose secret it shows."""
        said = digest.read(asked.parameters) if asked.scheme == "digest" else {}
        if said and digest.stale(said, self._key, asked.address, now):
            said = {}
        tokens, password = asked.tokens(), asked.basic()
        return [
            name
            for name, source in self._sources.items()
            if self._shows(source, asked, tokens, password, said)
        ]

    def _shows(
        self,
        source: Credentials,
        asked: Asked,
        tokens: list[str],
        password: tuple[str, str] | None,
        said: Mapping[str, str],
    ) -> bool:
        by_digest = bool(source.user and said) and digest.signed(
            said, source.user, source.password, asked.method, asked.uri
        )
        keyed = source.has_token(tokens) | source.has_password(password) | by_digest
        sealed = source.has_certificate(asked.names, asked.sha256)
        return source.secret and keyed >= source.keyed and sealed >= bool(source.certificate)

    def _name(self, asked: Asked, here: list[str]) -> str:
        if asked.source is None:
            return here[0]
        if asked.source not in here:
            raise AccessDenied(
                f"This is {here[0]}, and not {asked.source}.",
                hint="Leave ?source= out of the URL, or show what that source is known by.",
            )
        return asked.source

    def _refusal(self, asked: Asked, now: int) -> AccessRequired | AccessDenied:
        keyed = [source for source in self._sources.values() if source.keyed]
        if not keyed and any(source.certificate for source in self._sources.values()):
            shown = " and ".join(quoted(name) for name in asked.names)
            raise AccessDenied(
                f"No source of this channel has the certificate of {shown}."
                if shown
                else "This channel takes encoders that show a certificate.",
                hint="See `certificate` of the channel's sources, and `client_ca_file`.",
            )
        if not keyed:
            networks = any(source.networks for source in self._sources.values())
            names = ", ".join(f"?source={n}" for n, s in self._sources.items() if s.named_only)
            return AccessDenied(
                f"Nobody may push to this channel from {asked.address}."
                if networks
                else "This channel takes sources that it knows only.",
                hint=f"Name the source in the URL: {names}." if names else "",
            )
        stale = False
        if asked.scheme == "digest":
            said = digest.read(asked.parameters)
            stale = bool(said) and digest.stale(said, self._key, asked.address, now)
        if (asked.authorization or "token=" in asked.query) and not stale:
            self._tries.failed(asked.address, now)
            told = "The user, password or token is wrong."
        else:  # a folder in the path may be a wrong token, or just a folder
            told = "This channel wants to know who pushes."
        return AccessRequired(told, hint=_HINT, challenges=self._challenges(asked, now, stale))

    def _challenges(self, asked: Asked, now: int, stale: bool) -> tuple[str, ...]:
        said: list[str] = []
        if any(source.user for source in self._sources.values()):
            said += digest.challenges(self._key, asked.address, now, stale=stale)
            said.append(f'Basic realm="{digest.REALM}", charset="UTF-8"')
        if any(source.token for source in self._sources.values()):
            said.append(f'Bearer realm="{digest.REALM}"')
        return tuple(said)
