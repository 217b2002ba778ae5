"""What users and partners hold: an authenticator's codes (RFC 6238), signed tokens (RFC 7519)."""

import base64
import hashlib
import hmac
import json
import struct
import time

STEP_SECONDS = 30


def codes(key: str) -> list[str]:
    """The code of now and the one after it: each counts once, and the server takes either."""
    secret = base64.b32decode(key + "=" * (-len(key) % 8), casefold=True)
    step = int(time.time()) // STEP_SECONDS
    return [_code(secret, number) for number in (step, step + 1)]


def basic(username: str, password: str) -> str:
    """The header of HTTP Basic Auth."""
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


def bearer(subject: str, secret: str, number: int = 0) -> str:
    """The header with a token that is good for an hour; another number makes another token."""
    claims = {"sub": subject, "exp": int(time.time()) + 3600, "number": number}
    signed = ".".join(_part(part) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    signature = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()
    return f"Bearer {signed}.{_url_safe(signature)}"


def _code(secret: bytes, step: int) -> str:
    digest = hmac.new(secret, struct.pack(">Q", step), hashlib.sha1).digest()
    at = digest[-1] & 15
    number = struct.unpack(">I", digest[at : at + 4])[0] & 0x7FFF_FFFF
    return f"{number % 1_000_000:06}"


def _part(value: dict) -> str:
    return _url_safe(json.dumps(value).encode())


def _url_safe(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
