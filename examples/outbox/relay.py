#!/usr/bin/env python3
"""Sends what stands in the outbox of schema.sql, in its order: relay.py [--once]

It looks into the table every second, or with --once until nothing is left. It can be
killed at any time: what was sent and is not marked yet is sent again with the same
Idempotency-Key, the event of the row, of which tidings makes nothing new. It remembers the
keys for 24 hours, so do not let the relay rest for longer after a crash.

A row that can never be sent (a title too long, say) is marked with the reason, told, and
does not hold up the others. After anything else it waits and tries again; with --once it
ends with status 1.

This is for SQLite; with another database connect() is what differs, and the ? is %s.

Environment: OUTBOX_DB is the file of the database; TIDINGS_URL as
https://example.org/api/notifications; TIDINGS_TOKEN is a publisher key, which
"tidings key add" makes, or the token of a service.
"""

import http.client
import json
import os
import re
import sqlite3
import sys
import time
import urllib.error
import urllib.request

ROWS = 100  # read at a time
FAULTS_OF_THE_ROW = (400, 409, 413)

WAITING = """SELECT id, event, user_id, type, title, message, link FROM notification_outbox
    WHERE sent_at IS NULL AND refused IS NULL ORDER BY id LIMIT ?"""
SENT = "UPDATE notification_outbox SET sent_at = CURRENT_TIMESTAMP WHERE id = ?"
REFUSED = "UPDATE notification_outbox SET refused = ? WHERE id = ?"


class Refused(Exception):
    """This row can never be sent."""


class NotNow(Exception):
    """Nothing can be sent now; wait is for how many seconds."""

    def __init__(self, problem, wait=5):
        super().__init__(problem)
        self.wait = wait


def connect():
    return sqlite3.connect(os.environ["OUTBOX_DB"], timeout=30)


def sentence(error):
    """What the server says is wrong."""
    try:
        answer = json.load(error)
    except ValueError:
        return f"the server answered {error.code}"
    details = ", ".join(f"{at['field']} {at['problem']}" for at in answer.get("details", []))
    return answer.get("error", f"the server answered {error.code}") + (details and f" ({details})")


def send(event, notification):
    if not re.fullmatch("[ -~]{1,255}", event):
        raise Refused("the event must be 1 to 255 printable characters of ASCII")
    request = urllib.request.Request(
        os.environ["TIDINGS_URL"] + "/",
        data=json.dumps(notification).encode(),
        headers={
            "Authorization": "Bearer " + os.environ["TIDINGS_TOKEN"],
            "Content-Type": "application/json",
            "Idempotency-Key": event,
        },
    )
    try:
        urllib.request.urlopen(request, timeout=30).close()
    except urllib.error.HTTPError as error:
        if error.code in FAULTS_OF_THE_ROW:
            raise Refused(sentence(error)) from error
        wait = error.headers.get("Retry-After", "")
        raise NotNow(sentence(error), int(wait) if wait.isdigit() else 5) from error
    except (OSError, http.client.HTTPException) as error:  # no answer
        raise NotNow(str(error)) from error


def relay(database):
    """Sends some rows. Returns how many there were."""
    rows = database.execute(WAITING, (ROWS,)).fetchall()
    for row_id, event, user, kind, title, message, link in rows:
        notification = {"userId": user, "type": kind, "title": title, "message": message}
        if link is not None:
            notification["link"] = link
        try:
            send(event, notification)
            database.execute(SENT, (row_id,))
        except Refused as error:
            print(f"{event}: {error}", file=sys.stderr)
            database.execute(REFUSED, (str(error)[:1000], row_id))
        database.commit()
    return len(rows)


def main():
    once = sys.argv[1:] == ["--once"]
    if sys.argv[1:] and not once:
        sys.exit("Usage: relay.py [--once]")
    database = connect()
    while True:
        wait = 1
        try:
            if relay(database):
                continue
            if once:
                return
        except NotNow as error:
            if once:
                sys.exit(str(error))
            print(error, file=sys.stderr)
            wait = min(error.wait, 60)
        time.sleep(wait)


if __name__ == "__main__":
    main()
