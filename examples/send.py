#!/usr/bin/env python3
"""Sends one notification to a user: send.py USER TITLE MESSAGE KEY

KEY names what has happened, as order-2041-paid: by it a repeat does no harm, so what was
not answered, or with 503, is sent again.

Environment: TIDINGS_URL as https://example.org/api/notifications; TIDINGS_TOKEN is a
publisher key, which "tidings key add" makes, or the token of a service.
"""

import http.client
import json
import os
import sys
import time
import urllib.error
import urllib.request

ATTEMPTS = 6


class NotSent(Exception):
    """The message says why."""


def reason(error):
    try:
        return json.load(error)["error"]
    except (ValueError, KeyError, TypeError):
        return f"the server answered {error.code}"


def notify(user, title, message, key, type="info"):
    request = urllib.request.Request(
        os.environ["TIDINGS_URL"] + "/",
        data=json.dumps(
            {"userId": user, "type": type, "title": title, "message": message}
        ).encode(),
        headers={
            "Authorization": "Bearer " + os.environ["TIDINGS_TOKEN"],
            "Content-Type": "application/json",
            "Idempotency-Key": key,
        },
    )
    for attempt in range(ATTEMPTS):
        wait = 2**attempt
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return json.load(response)["notification"]
        except urllib.error.HTTPError as error:
            problem = reason(error)
            if error.code not in (502, 503, 504):
                break
            if error.headers.get("Retry-After", "").isdigit():
                wait = int(error.headers["Retry-After"])
        except (OSError, http.client.HTTPException) as error:  # no answer
            problem = str(error)
        if attempt + 1 < ATTEMPTS:
            time.sleep(min(wait, 60))
    raise NotSent(problem)


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit("Usage: send.py USER TITLE MESSAGE KEY")
    try:
        notify(*sys.argv[1:])
    except NotSent as error:
        sys.exit(str(error))
