# What the tests of publishers' and administrators' requests share, beside common.bash:
#
#	load common
#	load rest
#
# and no setup functions of their own.

# In single quotes stand texts for jq; variables come from common.bash, and go there
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2154

setup_file() {
	begin_tests
	record_traffic
	set_config web allowed-origins 'https://app.example'
	set_config web max-body 1K
	start_stored
	start_api
	start_lighttpd
}

teardown_file() {
	end_tests
}

# Users for each test, so that none sees what another made. Broadcasts are everybody's: a
# test withdraws its own, and counts changes from where a user begins that is new now.
setup() {
	user=user-$BATS_TEST_NUMBER
	TOKEN=$(make_token "$user")
	admin_token=$(make_token admin admin)
	base=0
	base=$(seq_of "$user-new")
}

no_such_id=01890a5d-ac96-774b-bcce-b302099a8057

as_admin() {
	local TOKEN=$admin_token

	api "$@"
}

# as USER METHOD PATH...: like api
as() {
	local TOKEN

	TOKEN=$(make_token "$1")
	api "${@:2}"
}

# note MEMBERS: the JSON of a notification for $user with more members, or others
note() {
	jq -cn --arg user "$user" '{userId: $user, type: "info", title: "T", message: "M"} + ('"${1-{\}}"')'
}

# note_for_all MEMBERS: the same of a broadcast
note_for_all() {
	jq -cn '{type: "info", title: "T", message: "M"} + ('"${1-{\}}"')'
}

# batch NOTIFICATIONS: the JSON of a batch, of notifications for $user with more members
batch() {
	jq -cn --arg user "$user" '{userId: $user, type: "info", title: "T", message: "M"} as $note
		| {notifications: [('"$1"') | if type == "object" then $note + . else . end]}'
}

# broadcast MEMBERS: creates one; prints its id
broadcast() {
	local status body headers

	as_publisher POST /broadcast "$(note_for_all "${1-{\}}")"
	expect_status 201 || return
	jq -r .notification.id <<<"$body"
}

# withdraw_broadcast ID
withdraw_broadcast() {
	as_publisher DELETE "/broadcast/$1"
	expect_status 200
}

# counts_of USER: prints unread, unseen and seq, that above $base
counts_of() {
	local status body headers

	as "$1" GET /unread-count
	expect_status 200 || return
	jq -r --argjson base "$base" '"\(.unreadCount) \(.unseenCount) \(.seq - $base)"' <<<"$body"
}

seq_of() {
	local counts

	counts=$(counts_of "$1") || return
	echo "${counts##* }"
}

# expect_counts_of USER "UNREAD UNSEEN SEQ"
expect_counts_of() {
	local counts

	counts=$(counts_of "$1")
	[ "$counts" = "$2" ] || fail_with "counts of $1 are $counts, not $2"
}

# encoded NAME: as it stands in a path
encoded() {
	jq -rn --arg name "$1" '$name | @uri'
}

# in_seconds SECONDS: that time from now, as in expiresAt
in_seconds() {
	date -u -d "@$(jq -n "now + $1")" +%Y-%m-%dT%H:%M:%S.%3NZ
}

# wait_until_gone USER ID: until the notification has expired
wait_until_gone() {
	local i token

	token=$(make_token "$1")
	for i in $(seq 1000); do
		TOKEN=$token api GET "/$2"
		[ "$status" != 404 ] || return 0
	done
	fail_with "$2 never expires"
}

# repeated PATH TEXT KEY [TOKEN]: creates by that key, and again: the answer is the same
repeated() {
	local TOKEN=${4-$publisher_token} first_body first_location

	api POST "$1" "$2" -H "Idempotency-Key: $3"
	expect_status 201 || return
	refute header Idempotent-Replayed || return
	first_body=$body first_location=$(header Location || true)
	api POST "$1" "$2" -H "Idempotency-Key: $3"
	expect_status 201 || return
	[ "$body" = "$first_body" ] || fail_with "not $first_body" || return
	[ "$(header Location || true)" = "$first_location" ] || return
	[ "$(header Idempotent-Replayed)" = true ]
}
