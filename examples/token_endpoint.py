"""The address that a page asks for a token of tidings, as a WSGI application:

    <tidings-bell token-url="/my/token"></tidings-bell>

Whoever is logged in gets {"token": ..., "expiresAt": ...}, others get 401. Map application
to the address; who is logged in your framework knows: see logged_in_user().

Environment: TIDINGS_KEY_FILE is the key that tidings knows as key-file, a secret for
HS256; where it is one of keys-dir, TIDINGS_KEY_ID is its name there.
TIDINGS_TOKEN_SECONDS is how long a token lives (900).
"""

import base64
import hashlib
import hmac
import json
import os
import time


def logged_in_user(environ):
    """The name of the user, or None.

    Here it is what the web server or a middleware has found out. With Django it is
    request.user.get_username(), with Flask what you have put into session.
    """
    user = environ.get("REMOTE_USER")
    return user and user.encode("latin-1").decode()  # PEP 3333: bytes in a str


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def make_token(user, issued, expires):
    with open(os.environ["TIDINGS_KEY_FILE"], "rb") as file:
        key = file.read().removesuffix(b"\n")  # as tidings reads it
    header = {"alg": "HS256", "typ": "JWT"}
    if os.environ.get("TIDINGS_KEY_ID"):
        header["kid"] = os.environ["TIDINGS_KEY_ID"]
    claims = {"sub": user, "iat": issued, "exp": expires}
    signed = b".".join(base64url(json.dumps(part).encode()) for part in (header, claims))
    signature = hmac.new(key, signed, hashlib.sha256).digest()
    return (signed + b"." + base64url(signature)).decode()


def application(environ, start_response):
    user = logged_in_user(environ)
    if user:
        issued = int(time.time())
        expires = issued + int(os.environ.get("TIDINGS_TOKEN_SECONDS", "900"))
        status = "200 OK"
        answer = {
            "token": make_token(user, issued, expires),
            "expiresAt": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(expires)),
        }
    else:
        status = "401 Unauthorized"
        answer = {"error": "You are not logged in."}
    start_response(
        status, [("Content-Type", "application/json"), ("Cache-Control", "no-store")]
    )
    return [json.dumps(answer).encode() + b"\n"]
