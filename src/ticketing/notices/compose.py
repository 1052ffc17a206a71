"""A message as Internet mail (RFC 5322), the same for every transport."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

from ticketing.notices.model import Message, SendFailed

_MESSAGE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}")
_CONTENT_TYPE = re.compile(r"[a-z0-9.+-]+/[a-z0-9.+-]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_ATOM = r"[^\s\x00-\x20\x7f-\x9f@<>()\[\]\\,;:\"]"
_ADDRESS = re.compile(rf"{_ATOM}{{1,64}}@{_ATOM}{{1,255}}")


def mailbox(address: str, display_name: str = "") -> Address:
    """An address that stands for exactly one mailbox; a domain in another script becomes its ASCII form.

    Raises:
        ValueError: it is none, or more than one, or would need SMTPUTF8, which few mail servers take.
    """
    local, _, domain = address.rpartition("@")
    if not _ADDRESS.fullmatch(address) or not local.isascii() or _CONTROL.search(display_name):
        raise ValueError("not the address of one mailbox, or not ASCII before the @")
    try:
        domain = domain if domain.isascii() else domain.encode("idna").decode("ascii")
        return Address(display_name=display_name, username=local, domain=domain)
    except MessageError:
        raise ValueError("not the address of one mailbox") from None


def compose(message: Message, sender: Address, at_ms: int) -> EmailMessage:
    """The mail, ready for a transport. User words stay inside their header or body whatever they contain.

    Args:
        message: what to say.
        sender: who says it.
        at_ms: the Date header, milliseconds since the epoch.

    Raises:
        SendFailed: permanent; the message can never be mailed as it is.
    """
    try:
        return _compose(message, sender, at_ms)
    except (ValueError, MessageError) as error:
        raise SendFailed(f"cannot make mail of {message.message_id[:120]!r}: {error}", permanent=True) from None


def _compose(message: Message, sender: Address, at_ms: int) -> EmailMessage:
    if not _MESSAGE_ID.fullmatch(message.message_id):
        raise ValueError("message_id has other signs than letters, digits, '.', '_' and '-', or more than 120")
    to = mailbox(message.to)
    if _CONTROL.search(message.subject):
        raise ValueError("control character in the subject")
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender
    mail["To"] = to
    mail["Subject"] = message.subject
    mail["Date"] = datetime.fromtimestamp(at_ms / 1000, UTC)
    mail["Message-ID"] = f"<{message.message_id}@{sender.domain}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office replies to us, please
    mail.set_content(message.text, cte="base64")
    if message.html is not None:
        mail.add_alternative(message.html, subtype="html", cte="base64")
    for attachment in message.attachments:
        if not _CONTENT_TYPE.fullmatch(attachment.content_type) or _CONTROL.search(attachment.name):
            raise ValueError("an attachment's name or content type is not one")
        maintype, subtype = attachment.content_type.split("/")
        mail.add_attachment(attachment.data, maintype, subtype, filename=attachment.name)
    mail["Content-Language"] = message.language  # last: making it multipart moves every Content- header to a part
    return mail
