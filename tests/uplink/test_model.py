"""Some schedules of the machines; `python -m tests.uplink --schedules 20000` tries others."""

from hypothesis import Phase, settings

from tests.uplink.machine import Forwarding
from tests.uplink.signalling import Signalling

SCHEDULES = settings(
    max_examples=25,
    stateful_step_count=25,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # to make it short takes minutes
)

TestForwarding = Forwarding.TestCase
TestForwarding.settings = SCHEDULES
TestSignalling = Signalling.TestCase
TestSignalling.settings = SCHEDULES
