"""Messages by e-mail: SMTP with STARTTLS or implicit TLS."""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from agent.errors import DeliveryError, SettingsError
from agent.ports.channels import Message

SECONDS = 30.0
PORTS = {"smtp": 587, "smtps": 465}


class Mail:
    """Sends to a list of addresses. `url` is smtp://[user:password@]host[:port], smtps:// for implicit TLS.

    A password is never sent in the clear: without TLS the server must be on this machine.
    """

    def __init__(self, url: str, sender: str, to: str) -> None:
        try:
            parts = urlsplit(url)
            self._host, self._port = parts.hostname or "", parts.port or PORTS[parts.scheme]
        except (KeyError, ValueError) as error:
            raise SettingsError(
                "smtp_url is not an smtp:// or smtps:// address", "see retest doctor"
            ) from error
        self._tls, self._user = parts.scheme == "smtps", unquote(parts.username or "")
        self._password = unquote(parts.password or "")
        self._from, self._to = sender, [a.strip() for a in to.split(",") if a.strip()]
        if not self._host or not self._from or not self._to:
            raise SettingsError("mail needs smtp_url, mail_from and mail_to", "set all three")

    def send(self, message: Message) -> None:
        """Send. Raises DeliveryError, whose message never contains the password."""
        try:
            with self._connection() as server:
                server.send_message(self._mail(message))
        except (OSError, ValueError, smtplib.SMTPException) as error:  # a password may not be ASCII
            code = getattr(error, "smtp_code", "")
            plain = isinstance(error, smtplib.SMTPException | OSError) and str(error)
            reason = f"the server answered {code}" if code else plain or type(error).__name__
            raise DeliveryError(
                f"mail to {self._host} failed: {reason}", "check smtp_url; it will be retried"
            ) from error

    def _connection(self) -> smtplib.SMTP:
        safe = ssl.create_default_context()
        if self._tls:
            server: smtplib.SMTP = smtplib.SMTP_SSL(self._host, self._port, timeout=SECONDS, context=safe)
        else:
            server = smtplib.SMTP(self._host, self._port, timeout=SECONDS)
            server.ehlo()
            if server.has_extn("starttls"):
                server.starttls(context=safe)
                server.ehlo()
            elif self._host not in ("localhost", "127.0.0.1", "::1"):
                server.close()
                raise smtplib.SMTPException("the server does not offer TLS")
        if self._user:
            server.login(self._user, self._password)
        return server

    def _mail(self, message: Message) -> EmailMessage:
        mail = EmailMessage()
        mail["Subject"], mail["From"], mail["To"] = message.subject, self._from, ", ".join(self._to)
        mail["Message-ID"] = f"<{message.run_id}@retest.invalid>"
        mail.set_content(message.text)
        mail.add_alternative(message.html, subtype="html")
        return mail
