"""An app behind the gateway, with Python's standard library alone. It trusts nothing but the signed header."""

import base64
import hashlib
import hmac
import json
import os
import signal
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def user(header, key, origin):
    """Return the claims of Latchkey-User, or None where it is not genuine, not for this origin, or too old."""

    def decode(part):
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))

    try:
        head, body, signature = header.split(".")
        expected = hmac.new(key.encode(), f"{head}.{body}".encode(), hashlib.sha256).digest()
        if not hmac.compare_digest(expected, decode(signature)) or json.loads(decode(head))["alg"] != "HS256":
            return None
        claims = json.loads(decode(body))
        good = claims["iss"] == "latchkey" and claims["aud"] == origin and claims["exp"] > time.time()
        return claims if good else None
    except (ValueError, AttributeError, KeyError, TypeError):
        return None


class App(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60

    def do_GET(self):
        claims = user(self.headers.get("Latchkey-User"), KEY, ORIGIN)
        if self.path != "/api/hello":
            self.answer(404, {"error": "not_found"})
        elif claims is None:
            self.answer(401, {"error": "login_required"})
        else:
            self.answer(200, {"hello": claims.get("email"), "roles": claims.get("roles", [])})

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *args):
        """Say nothing: the gateway is in front."""


if __name__ == "__main__":
    try:
        KEY, ORIGIN = os.environ["LATCHKEY_USER_KEY"], os.environ["ORIGIN"]
    except KeyError:
        sys.exit("set LATCHKEY_USER_KEY (user_key in latchkey.yaml) and ORIGIN (such as https://app.example.com)")
    server = ThreadingHTTPServer((os.environ.get("HOST", "127.0.0.1"), int(os.environ.get("PORT", "3000"))), App)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print(f"listening on {server.server_address[0]}:{server.server_port}", flush=True)
    server.serve_forever()
