"""`python -m tests.uplink --schedules 20000 [--seed 7]`: see `tests.schedules`."""

from tests.schedules import tried
from tests.uplink.machine import Forwarding
from tests.uplink.signalling import Signalling

if __name__ == "__main__":
    tried("tests.uplink", 25, Forwarding, Signalling)
