"""Settings of the property tests: no deadlines, and in CI the same examples on every run.

At home they look for new examples each time; a landing is not the moment to find one.
"""

import os

from hypothesis import settings

settings.register_profile("home", deadline=None, print_blob=True)
settings.register_profile("ci", parent=settings.get_profile("home"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "home")
