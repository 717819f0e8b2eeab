#!/bin/sh
# Sends one notification to a user: send.sh USER TITLE MESSAGE KEY
#
# KEY names what has happened, as order-2041-paid: by it a repeat does no harm, and curl
# repeats what was not answered, or with 503. It takes curl 7.71 and jq. On the machine of
# tidings the command "tidings send" does the same.
#
# Environment: TIDINGS_URL as https://example.org/api/notifications; TIDINGS_TOKEN is a
# publisher key, which "tidings key add" makes, or the token of a service.
set -eu

[ $# = 4 ] || { echo "Usage: send.sh USER TITLE MESSAGE KEY" >&2; exit 2; }

answer=$(mktemp)
trap 'rm -f "$answer"' EXIT
body=$(jq -cn --arg user "$1" --arg title "$2" --arg message "$3" \
	'{userId: $user, type: "info", title: $title, message: $message}')

# The token goes by standard input, for arguments can be seen by everybody here
status=$(printf 'Authorization: Bearer %s\n' "$TIDINGS_TOKEN" |
	curl -sS -o "$answer" -w '%{http_code}' --max-time 30 --retry 5 --retry-all-errors \
		-H @- -H 'Content-Type: application/json' -H "Idempotency-Key: $4" \
		-d "$body" "$TIDINGS_URL/") || exit 1
[ "$status" = 201 ] || {
	jq -r .error "$answer" >&2 2>/dev/null || echo "the server answered $status" >&2
	exit 1
}
