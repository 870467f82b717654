"""Messages to a webhook, with a signed body (HMAC-SHA256, as GitHub's `X-Hub-Signature-256`)."""

from __future__ import annotations

import hashlib
import hmac
import json
from urllib.parse import urlsplit

import requests

from agent.errors import DeliveryError, SettingsError
from agent.ports.channels import Message

SECONDS = 20.0


class Webhook:
    """Posts JSON. The signature covers the exact bytes of the body; redirects are not followed."""

    def __init__(self, url: str, secret: str) -> None:
        parts = urlsplit(url)
        here = parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1", "::1")
        if not parts.hostname or not (parts.scheme == "https" or here):
            raise SettingsError("webhook is not an https:// address", "plain http is for this machine only")
        if not secret:
            raise SettingsError("webhook needs webhook_secret", "the receiver checks the signature with it")
        self._url, self._secret = url, secret.encode()

    def send(self, message: Message) -> None:
        """Post. Raises DeliveryError unless the status is 2xx, without the address (it may hold a token)."""
        body = json.dumps(message.document, ensure_ascii=False).encode()
        headers = {
            "Content-Type": "application/json",
            "X-Retest-Delivery": message.run_id,
            "X-Retest-Signature-256": f"sha256={hmac.new(self._secret, body, hashlib.sha256).hexdigest()}",
        }
        try:
            answer = requests.post(
                self._url, data=body, headers=headers, timeout=SECONDS, allow_redirects=False
            )
        except requests.RequestException as error:
            raise DeliveryError(
                f"the webhook failed ({type(error).__name__})", "it will be retried"
            ) from error
        if not answer.ok or answer.is_redirect:
            raise DeliveryError(f"the webhook returned HTTP {answer.status_code}", "it will be retried")
