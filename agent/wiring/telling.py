"""Build the notification channels from settings."""

from __future__ import annotations

from collections.abc import Callable

from agent.errors import SettingsError
from agent.ports.channels import Channel
from agent.settings import Settings


def channels(settings: Settings) -> tuple[dict[str, Channel], list[str]]:
    """The configured channels by name, and what is wrong with those that cannot work."""
    found, wrong = dict[str, Channel](), list[str]()
    for name, (is_wanted, make) in _MAKERS.items():
        if not is_wanted(settings):
            continue
        try:
            found[name] = make(settings)
        except SettingsError as error:
            wrong.append(f"{name}: {error}")
    return found, wrong


def _mail(settings: Settings) -> Channel:
    from agent.adapters.channels.mail import Mail

    return Mail(settings.smtp_url, settings.mail_from, settings.mail_to)


def _webhook(settings: Settings) -> Channel:
    from agent.adapters.channels.webhook import Webhook

    return Webhook(settings.webhook, settings.webhook_secret)


def _apprise(settings: Settings) -> Channel:
    from agent.adapters.channels.apprise import AppriseChannel

    return AppriseChannel(settings.apprise)


_MAKERS: dict[str, tuple[Callable[[Settings], object], Callable[[Settings], Channel]]] = {
    "mail": (lambda s: s.smtp_url, _mail),
    "webhook": (lambda s: s.webhook, _webhook),
    "apprise": (lambda s: s.apprise, _apprise),
}
