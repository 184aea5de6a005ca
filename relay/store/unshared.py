"""What a store says that no other process shares: nobody else empties it, or has it otherwise."""


class Unshared:
    """These parts of `relay.store.Store`, for a store of one process alone."""

    @property
    def generation(self) -> int:
        """0: nobody shares it."""
        return 0

    @property
    def unlike(self) -> int:
        """0: nobody shares it."""
        return 0

    @property
    def emptied(self) -> bool:
        """Never: it is this process's alone."""
        return False
