"""One contract for every transport, the file folder and a real SMTP server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.rooms.notices.mailserver import Server
from ticketing.base.clock import ManualClock
from ticketing.notices.mailbox import MailboxTransport
from ticketing.notices.model import Attachment, Message, SendFailed, Transport
from ticketing.notices.smtp import SmtpServer, SmtpTransport

Arrived = Callable[[], list[EmailMessage]]
SENDER = "no-reply@tickets.example"


class TransportContract:
    async def test_the_mail_arrives_as_it_was_written(
        self, transport: Transport, arrived: Arrived, message: Message
    ) -> None:
        await transport.send(message)
        (mail,) = arrived()
        assert mail["To"] == "fan@example.com"
        assert mail["From"] == "매표소 <no-reply@tickets.example>"
        assert mail["Subject"] == message.subject
        assert mail["Message-ID"] == "<tickets_issued-ord_5wt6efwg6paurtop@tickets.example>"
        assert mail["Date"].datetime.timestamp() == 1_790_000_000
        assert mail["Content-Language"] == "ko"
        assert mail["Auto-Submitted"] == "auto-generated"
        text, html = mail.get_body(("plain",)), mail.get_body(("html",))
        assert text is not None
        assert html is not None
        assert text.get_content().strip() == "티켓이 발급되었습니다."
        assert html.get_content().strip() == message.html

    async def test_attachments_arrive_byte_for_byte(
        self, transport: Transport, arrived: Arrived, message: Message
    ) -> None:
        data = bytes(range(256)) * 40
        await transport.send(replace(message, attachments=(Attachment("티켓.pdf", "application/pdf", data),)))
        (attached,) = arrived()[0].iter_attachments()
        assert attached.get_filename() == "티켓.pdf"
        assert attached.get_content_type() == "application/pdf"
        assert attached.get_payload(decode=True) == data

    async def test_dots_and_long_lines_survive(self, transport: Transport, arrived: Arrived, message: Message) -> None:
        text = ".\n..\n.end\n" + "가나다" * 2_000 + "\n"
        await transport.send(replace(message, text=text, html=None))
        body = arrived()[0].get_body()
        assert body is not None
        assert body.get_content().replace("\r\n", "\n") == text

    @pytest.mark.parametrize(
        "change",
        [
            {"to": "fan@example.com\r\nBcc: everyone@example.com"},
            {"to": "fan@example.com, other@example.com"},
            {"to": "Fan <fan@example.com>"},
            {"to": "fan"},
            {"to": "팬@example.com"},
            {"to": "fan@" + "가" * 80 + ".example"},
            {"to": "fan\x00@example.com"},
            {"subject": "Hello\nBcc: everyone@example.com"},
            {"subject": "Hello\r\n\r\n<b>body</b>"},
            {"subject": "a\u2028b"},
            {"message_id": "x>\r\nBcc: everyone@example.com"},
            {"message_id": "../../etc/passwd"},
            {"message_id": "."},
            {"message_id": ""},
            {"message_id": "x" * 121},
            {"language": "ko\r\nBcc: everyone@example.com"},
            {"attachments": (Attachment("a\r\nBcc: x", "application/pdf", b""),)},
            {"attachments": (Attachment("a", "application/pdf\r\nBcc: x", b""),)},
        ],
    )
    async def test_no_header_can_be_slipped_in(
        self, transport: Transport, arrived: Arrived, message: Message, change: dict[str, object]
    ) -> None:
        with pytest.raises(SendFailed) as failed:
            await transport.send(replace(message, **change))  # type: ignore[arg-type]
        assert failed.value.permanent
        assert arrived() == []

    async def test_a_domain_in_hangul_is_reached(
        self, transport: Transport, arrived: Arrived, message: Message
    ) -> None:
        await transport.send(replace(message, to="fan@한글.example"))
        assert arrived()[0]["To"] == "fan@xn--bj0bj06e.example"

    async def test_the_same_message_twice_is_the_same_mail(
        self, transport: Transport, arrived: Arrived, message: Message
    ) -> None:
        await transport.send(message)
        await transport.send(message)
        assert len({mail["Message-ID"] for mail in arrived()}) == 1


class TestMailbox(TransportContract):
    @pytest.fixture
    def transport(self, tmp_path: Path, clock: ManualClock) -> Transport:
        return MailboxTransport(tmp_path / "mail", SENDER, "매표소", clock)

    @pytest.fixture
    def arrived(self, eml_files: Arrived) -> Arrived:
        return eml_files


class TestSmtp(TransportContract):
    @pytest.fixture
    def transport(self, smtp_server: Server, clock: ManualClock) -> Transport:
        return SmtpTransport(SmtpServer("127.0.0.1", smtp_server.port, "none"), SENDER, "매표소", clock)

    @pytest.fixture
    def arrived(self, smtp_server: Server) -> Arrived:
        return lambda: smtp_server.mails
