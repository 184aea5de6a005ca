"""What the configuration or the machine does not allow: it ends the process."""

from typing import ClassVar

from relay.errors.root import RelayError


class OperatorError(RelayError):
    """The operator has to act; `exit_code` follows sysexits.h."""

    exit_code: ClassVar[int] = 1


class ConfigInvalid(OperatorError):
    """The configuration cannot be used; the message names the key's path."""

    code = "CONFIG_INVALID"
    exit_code = 78


class PortBusy(OperatorError):
    """An address to listen on is taken."""

    code = "PORT_BUSY"
    exit_code = 75


class StoreBusy(OperatorError):
    """Another process owns the store's folder."""

    code = "STORE_BUSY"
    exit_code = 75


class StoreRefused(OperatorError):
    """The brokers that relays are to share cannot be used as they are."""

    code = "STORE_REFUSED"
    exit_code = 78
