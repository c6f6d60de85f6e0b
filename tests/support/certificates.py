"""TLS for tests: a server that shows the certificate of `tests/data/tls`, a client that trusts it."""

from __future__ import annotations

import ssl
from pathlib import Path

CERTIFICATE = Path(__file__).parents[1] / "data" / "tls" / "certificate.pem"
KEY = CERTIFICATE.with_name("key.pem")


def serving() -> ssl.SSLContext:
    """What a server needs."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE, KEY)
    return context


def trusting() -> ssl.SSLContext:
    """What a client needs."""
    return ssl.create_default_context(cafile=CERTIFICATE)
