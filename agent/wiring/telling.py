"""Settings into the channels that people are told by."""

from __future__ import annotations

from agent.ports import Channel
from agent.settings import Settings


def channels(settings: Settings) -> dict[str, Channel]:
    """The channels that are set up, by name. Raises SettingsError for one that cannot work."""
    found: dict[str, Channel] = {}
    if settings.smtp_url:
        from agent.adapters.mail import Mail

        found["mail"] = Mail(settings.smtp_url, settings.mail_from, settings.mail_to)
    if settings.webhook:
        from agent.adapters.webhook import Webhook

        found["webhook"] = Webhook(settings.webhook, settings.webhook_secret)
    if settings.apprise:
        from agent.adapters.apprise_channel import AppriseChannel

        found["apprise"] = AppriseChannel(settings.apprise)
    return found
