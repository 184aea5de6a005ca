"""`python -m tests.model --schedules 200000 [--seed 7]`: see `tests.schedules`."""

from tests.model.machine import Relay
from tests.schedules import tried

if __name__ == "__main__":
    tried("tests.model", 40, Relay)
