"""SMTP against a real server: encryption, login, and what each refusal means."""

from __future__ import annotations

import asyncio
import socket
import ssl
from pathlib import Path

import pytest

from tests.rooms.notices.mailserver import Certificate, Server, running
from ticketing.notices.model import Message, SendFailed
from ticketing.notices.smtp import SmtpServer, SmtpTransport

SENDER = "no-reply@tickets.example"


async def failure(server: SmtpServer, message: Message) -> SendFailed:
    with pytest.raises(SendFailed) as failed:
        await SmtpTransport(server, SENDER).send(message)
    assert message.to not in str(failed.value)
    return failed.value


class TestEncryption:
    async def test_starttls_then_login(self, certificate: Certificate, message: Message) -> None:
        async with running(starttls=certificate.server) as server:
            there = SmtpServer("127.0.0.1", server.port, "starttls", "shop", "open sesame", tls=certificate.client)
            await SmtpTransport(there, SENDER).send(message)
        assert server.logins == [(b"shop", b"open sesame")]
        assert server.encrypted == [True]
        assert server.recipients == [["fan@example.com"]]

    async def test_tls_from_the_first_byte(self, certificate: Certificate, message: Message) -> None:
        async with running(tls=certificate.server) as server:
            there = SmtpServer("127.0.0.1", server.port, "tls", "shop", "open sesame", tls=certificate.client)
            await SmtpTransport(there, SENDER).send(message)
        assert len(server.mails) == 1
        assert server.logins == [(b"shop", b"open sesame")]

    async def test_a_server_that_will_not_encrypt_gets_neither_password_nor_mail(
        self, smtp_server: Server, message: Message
    ) -> None:
        there = SmtpServer("127.0.0.1", smtp_server.port, "starttls", "shop", "open sesame")
        assert not (await failure(there, message)).permanent
        assert smtp_server.logins == []
        assert smtp_server.mails == []

    @pytest.mark.parametrize("security", ["starttls", "tls"])
    async def test_an_untrusted_certificate_gets_neither(
        self, certificate: Certificate, message: Message, security: str
    ) -> None:
        setup = {security: certificate.server}
        async with running(**setup) as server:
            there = SmtpServer("127.0.0.1", server.port, security, "shop", "open sesame")  # type: ignore[arg-type]
            assert not (await failure(there, message)).permanent
        assert server.logins == []
        assert server.mails == []

    def test_a_password_in_the_clear_is_refused_at_start(self) -> None:
        with pytest.raises(ValueError, match="in the clear"):
            SmtpServer("127.0.0.1", 25, "none", "shop", "open sesame")
        with pytest.raises(ValueError, match="together"):
            SmtpServer("127.0.0.1", 25, "tls", "shop")

    def test_the_password_is_not_printed(self) -> None:
        assert "sesame" not in repr(SmtpServer("127.0.0.1", 587, "tls", "shop", "open sesame"))


class TestRefusals:
    @pytest.mark.parametrize(
        ("stage", "answer", "permanent"),
        [
            ("RCPT", "550 5.1.1 no such user fan@example.com", True),
            ("RCPT", "450 4.2.1 mailbox busy, fan@example.com", False),
            ("RCPT", "530 5.7.0 authentication required", False),
            ("DATA", "554 5.7.1 looks like spam", True),
            ("DATA", "451 4.3.0 try again later", False),
            ("MAIL", "421 4.3.2 closing down", False),
            ("MAIL", "550 5.7.1 sender fan@example.com not verified", False),
            ("MAIL", "552 5.3.4 too large", True),
        ],
    )
    async def test_what_the_answer_means(
        self, smtp_server: Server, message: Message, stage: str, answer: str, permanent: bool
    ) -> None:
        smtp_server.answers[stage] = answer
        failed = await failure(SmtpServer("127.0.0.1", smtp_server.port, "none"), message)
        assert failed.permanent is permanent
        assert answer[:3] in str(failed)
        assert smtp_server.mails == []

    async def test_a_wrong_password_is_our_fault_and_not_the_mails(
        self, certificate: Certificate, message: Message
    ) -> None:
        async with running(starttls=certificate.server) as server:
            there = SmtpServer("127.0.0.1", server.port, "starttls", "shop", "wrong", tls=certificate.client)
            failed = await failure(there, message)
        assert not failed.permanent
        assert "535" in str(failed)

    async def test_it_goes_out_once_the_server_is_well_again(self, smtp_server: Server, message: Message) -> None:
        there = SmtpServer("127.0.0.1", smtp_server.port, "none")
        smtp_server.answers["DATA"] = "451 4.3.0 try again later"
        await failure(there, message)
        smtp_server.answers.clear()
        await SmtpTransport(there, SENDER).send(message)
        assert len(smtp_server.mails) == 1


class TestAbsence:
    async def test_nobody_listens(self, message: Message) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))  # bound but not listening: connections are refused
            there = SmtpServer("127.0.0.1", taken.getsockname()[1], "none")
            assert not (await failure(there, message)).permanent

    async def test_a_server_that_never_speaks_is_given_up(self, message: Message) -> None:
        release = asyncio.Event()

        async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await release.wait()
            writer.close()

        listener = await asyncio.start_server(mute, "127.0.0.1", 0)
        there = SmtpServer("127.0.0.1", listener.sockets[0].getsockname()[1], "none", timeout=0.2)
        try:
            assert not (await failure(there, message)).permanent
        finally:
            release.set()
            listener.close()

    async def test_a_server_that_hangs_up_in_the_middle(self, message: Message) -> None:
        async def rude(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"220 mail.test\r\n")
            await reader.readline()
            writer.close()

        listener = await asyncio.start_server(rude, "127.0.0.1", 0)
        there = SmtpServer("127.0.0.1", listener.sockets[0].getsockname()[1], "none")
        try:
            assert not (await failure(there, message)).permanent
        finally:
            listener.close()

    async def test_a_host_that_does_not_exist(self, message: Message) -> None:
        assert not (await failure(SmtpServer("mail.invalid", 25, "none"), message)).permanent


def test_certificates_are_checked_by_default(tmp_path: Path) -> None:
    transport = SmtpTransport(SmtpServer("127.0.0.1", 587), SENDER)
    assert transport._tls.verify_mode is ssl.CERT_REQUIRED
    assert transport._tls.check_hostname
