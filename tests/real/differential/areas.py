"""All areas, in the order of the documentation."""

from __future__ import annotations

from tests.real.differential.scenarios.accounts import ACCOUNTS
from tests.real.differential.scenarios.deferred import DEFERRED
from tests.real.differential.scenarios.extras import EXTRAS
from tests.real.differential.scenarios.host import HOST
from tests.real.differential.scenarios.installs import INSTALLS
from tests.real.differential.scenarios.managed import MANAGED
from tests.real.differential.scenarios.provided import PROVIDED
from tests.real.differential.scenarios.sandboxes import SANDBOXES
from tests.real.differential.scenarios.sessions import SESSIONS
from tests.real.differential.scenarios.state import STATE
from tests.real.differential.scenarios.tools import TOOLS
from tests.real.differential.scenarios.turns import TURNS
from tests.real.differential.scenarios.work import WORK

AREAS = (
    TURNS,
    TOOLS,
    SESSIONS,
    STATE,
    WORK,
    EXTRAS,
    HOST,
    PROVIDED,
    INSTALLS,
    ACCOUNTS,
    MANAGED,
    SANDBOXES,
    DEFERRED,
)
