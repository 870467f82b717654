"""Messages through Apprise: Slack, Teams, Matrix, ntfy ... (needs the extra `apprise`)."""

from __future__ import annotations

from agent.errors import DeliveryError, SettingsError
from agent.ports.channels import Message


class AppriseChannel:
    """Sends plain text to one or more Apprise addresses, separated by spaces."""

    def __init__(self, urls: str) -> None:
        try:
            import apprise
        except ImportError as error:
            raise SettingsError("apprise is not installed", "pip install 'retest[apprise]'") from error
        self._apprise, self._plain = apprise.Apprise(), apprise.NotifyFormat.TEXT
        if not all(self._apprise.add(url) for url in urls.split()):
            raise SettingsError("apprise does not recognise one of the addresses", "see its documentation")

    def send(self, message: Message) -> None:
        """Send. Raises DeliveryError if a service refuses; it omits the addresses, which contain tokens."""
        if not self._apprise.notify(title=message.subject, body=message.text, body_format=self._plain):
            raise DeliveryError("apprise could not deliver", "it will be retried")
