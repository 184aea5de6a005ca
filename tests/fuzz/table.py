"""Every target, by its name."""

from tests.fuzz.targets.boxes import BOXES, DUMP
from tests.fuzz.targets.channels import CHANNELS
from tests.fuzz.targets.credentials import CREDENTIALS
from tests.fuzz.targets.documents import DOCUMENTS
from tests.fuzz.targets.fragments import FRAGMENTS
from tests.fuzz.targets.http import HTTP
from tests.fuzz.targets.manifests import MANIFESTS
from tests.fuzz.targets.movies import MOVIES, PARAMETERS
from tests.fuzz.targets.paths import NAMES, PATHS, PINS
from tests.fuzz.targets.settings import SETTINGS
from tests.fuzz.targets.signals import EVENTS, SECTIONS
from tests.fuzz.targets.texts import TEXTS

TARGETS = {
    target.name: target
    for target in (
        BOXES,
        DUMP,
        MOVIES,
        PARAMETERS,
        FRAGMENTS,
        MANIFESTS,
        CHANNELS,
        HTTP,
        DOCUMENTS,
        SECTIONS,
        EVENTS,
        TEXTS,
        CREDENTIALS,
        SETTINGS,
        PATHS,
        NAMES,
        PINS,
    )
}
