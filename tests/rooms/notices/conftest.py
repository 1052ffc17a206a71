"""A message, a clock, a mail server and a certificate for it."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.rooms.notices.mailserver import Certificate, Server, parsed, running
from ticketing.base.clock import ManualClock
from ticketing.notices.model import Message

SENT_AT = 1_790_000_000_000


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    folder = tmp_path_factory.mktemp("tls")
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.test")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    chain, private = folder / "cert.pem", folder / "key.pem"
    chain.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(chain, private)
    return Certificate(server, ssl.create_default_context(cafile=chain))


@pytest.fixture
async def smtp_server() -> AsyncIterator[Server]:
    async with running() as server:
        yield server


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(SENT_AT)


@pytest.fixture
def message() -> Message:
    return Message(
        to="fan@example.com",
        subject="[예매 완료] 겨울밤 콘서트 티켓이 발급되었습니다",
        text="티켓이 발급되었습니다.\n",
        html="<p>티켓이 발급되었습니다.</p>",
        message_id="tickets_issued-ord_5wt6efwg6paurtop",
    )


Arrived = Callable[[], list[EmailMessage]]


@pytest.fixture
def eml_files(tmp_path: Path) -> Arrived:
    return lambda: [parsed(path.read_bytes()) for path in sorted((tmp_path / "mail").glob("*"))]
