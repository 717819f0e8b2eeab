#!/usr/bin/env bats
# The REST requests of publishers and administrators, through lighttpd: batches,
# broadcasts, withdrawing, forgetting; keys that make a repeat harmless; revoked tokens.

# In single quotes stand texts for jq; variables come from common.bash, and go there
# shellcheck disable=SC2016,SC2030,SC2031,SC2154
load common

setup_file() {
	begin_tests
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

# Batches

@test "batch: 201, all of them in the order given, with ids that rise" {
	text=$(batch '{title: "A", data: {n: "N"}}, {title: "B", category: "c"}, {title: "C", type: "error"}')
	as_publisher POST /batch "${text/\"N\"/1.50}"
	expect_status 201
	expect 'keys == ["count", "notifications"] and .count == 3'
	expect '[.notifications[].title] == ["A", "B", "C"]'
	expect 'all(.notifications[]; .userId == $user and .read == false)' --arg user "$user"
	expect '[.notifications[].id] | . == sort and (unique | length) == 3'
	expect '[.notifications[].createdAt] | unique | length == 1'
	grep -F '"data":{"n":1.50}' <<<"$body"
	refute header Location
	refute header Idempotent-Replayed
	[ "$(header Cache-Control)" = no-store ]
	created=$body
	api GET /
	expect '.notifications == ($created.notifications | reverse) and .total == 3' \
		--argjson created "$created"
}

@test "batch: one change for each user in it, with the counts of all" {
	as_publisher POST /batch "$(batch '{userId: "\($user)-a"}, {userId: "\($user)-b"}, {userId: "\($user)-a"}')"
	expect_status 201
	expect '[.notifications[].userId] == ["\($user)-a", "\($user)-b", "\($user)-a"]' --arg user "$user"
	expect_counts_of "$user-a" '2 2 1'
	expect_counts_of "$user-b" '1 1 1'
	expect_counts_of "$user" '0 0 0'
}

@test "batch: one, and as many as may be; not one more, and not none" {
	as_publisher POST /batch "$(batch '{}')"
	expect_status 201
	expect '.count == 1'
	batch 'range(1000) | {userId: "\($user)-\(. % 10)", title: "\(.)"}' >"$dir/thousand"
	as_publisher POST /batch "@$dir/thousand"
	expect_status 201
	expect '.count == 1000 and [.notifications[].title] == [range(1000) | tostring]'
	expect '[.notifications[].id] | . == sort and (unique | length) == 1000'
	for i in 0 9; do
		expect_counts_of "$user-$i" '100 100 1'
	done
	batch 'range(1001) | {}' >"$dir/more"
	as_publisher POST /batch "@$dir/more"
	expect_error 400 invalid_request
	expect '.details == [{field: "notifications", problem: "must be an array of 1 to 1000 notifications"}]'
	as_publisher POST /batch '{"notifications":[]}'
	expect_error 400 invalid_request
	expect '.details[0].field == "notifications"'
	expect_counts_of "$user" '1 1 1'
}

@test "batch: all or none, and what is wrong is told by its place" {
	as_publisher POST /batch "$(batch '{}, {title: ""}, {colour: "red"}, {expiresAt: "2001-01-01T00:00:00Z"}, 7')"
	expect_error 400 invalid_request
	expect '[.details[].field] == ["notifications[1].title", "notifications[2].colour",
		"notifications[3].expiresAt", "notifications[4]"]'
	expect 'all(.details[]; .problem | length > 0)'
	expect_counts_of "$user" '0 0 0'
}

@test "batch: the list of problems is bounded" {
	batch 'range(1000) | {title: ""}' >"$dir/wrong"
	as_publisher POST /batch "@$dir/wrong"
	expect_error 400 invalid_request
	expect '[.details[].field] == [range(16) | "notifications[\(.)].title"]'
}

@test "batch: what is none" {
	for text in '{' '[]' '{}' 7 null '{"notifications":{}}' "[$(note)]" "$(note)" \
		"{\"notifications\":[$(note)],\"count\":1}" "{\"notifications\":[$(note)],\"notifications\":[$(note)]}" \
		"{\"notifications\":[$(note),]}" "{\"notifications\":[$(note)]}]"; do
		as_publisher POST /batch "$text"
		expect_error 400 invalid_request
		expect '.details[0].field == ""'
	done
	as_publisher POST /batch @/dev/null
	expect_error 400 invalid_request
	as_publisher POST /batch "$(batch '{}')" -H 'Content-Type: text/plain'
	expect_error 415 unsupported_media_type
	as_publisher POST '/batch?x=1' "$(batch '{}')"
	expect_error 400 invalid_request
	expect_counts_of "$user" '0 0 0'
}

# large_batch BYTES: a body of just that size
large_batch() {
	local text

	text=$(batch 'range(1000) | {title: "\(.)", data: {x: ("x" * 4050)}}')
	printf '%s%*s' "$text" $(($1 - ${#text})) ''
}

@test "batch: a body up to 4 MiB, whatever max-body says of others" {
	large_batch 4194304 >"$dir/most"
	[ "$(wc -c <"$dir/most")" = 4194304 ]
	as_publisher POST /batch "@$dir/most"
	expect_status 201
	expect '.count == 1000 and .notifications[999].title == "999" and (.notifications[999].data.x | length) == 4050'
	expect_counts_of "$user" '1000 1000 1'
	large_batch 4194305 >"$dir/more"
	for extra in X-Nothing:\ 1 Transfer-Encoding:\ chunked; do
		as_publisher POST /batch "@$dir/more" -H "$extra"
		expect_error 413 too_large
	done
	as_publisher POST / "$(note '{message: ("x" * 1000)}')"
	expect_error 413 too_large
	as_publisher POST /broadcast "$(note_for_all '{message: ("x" * 1000)}')"
	expect_error 413 too_large
	as_publisher PUT /batch "@$dir/most"
	expect_error 405 method_not_allowed
	expect_counts_of "$user" '1000 1000 1'
}

# Broadcasts

@test "broadcast: 201, Location, without a user; in the list, the counts, by its id" {
	create "$user" Own >/dev/null
	seq=$(seq_of "$user")
	as_publisher POST /broadcast "$(note_for_all '{title: "All", category: "news", data: {a: 1}, link: "/n"}')"
	expect_status 201
	expect 'keys == ["notification"]'
	expect '.notification | .broadcast == true and (has("userId") | not) and .title == "All"
		and .read == false and .category == "news" and .data == {a: 1} and .link == "/n"'
	id=$(jq -r .notification.id <<<"$body")
	[ "$(header Location)" = "/api/notifications/$id" ]
	created=$body
	api GET "/$id"
	expect_status 200
	expect '. == $created' --argjson created "$created"
	api GET /
	expect '[.notifications[].title] == ["All", "Own"] and .total == 2'
	expect '.notifications[1] | has("broadcast") | not'
	expect_counts_of "$user" "2 2 $((seq + 1))"
	api GET '/?category=news'
	expect '[.notifications[].id] == [$id]' --arg id "$id"
	withdraw_broadcast "$id"
}

@test "broadcast: the rules of a notification, without a user" {
	for members in '{userId: "u"}' '{title: ""}' '{colour: 1}' '{expiresAt: "2001-01-01T00:00:00Z"}'; do
		as_publisher POST /broadcast "$(note_for_all "$members")"
		expect_error 400 invalid_request
		expect '.details[0].field == $field' --arg field "$(jq -rn "$members | keys[0]")"
	done
	as_publisher POST /broadcast "$(note)" -H 'Content-Type: text/plain'
	expect_error 415 unsupported_media_type
}

@test "broadcast: each user reads and deletes for themselves" {
	create "$user" >/dev/null
	create "$user-2" >/dev/null
	id=$(broadcast)
	api PATCH "/$id/read"
	expect_status 200
	expect '.notification.broadcast and .notification.read and .unreadCount == 1'
	expect_counts_of "$user-2" "2 2 $(seq_of "$user-2")"
	as "$user-2" DELETE "/$id"
	expect_status 200
	expect '.unreadCount == 1'
	as "$user-2" GET "/$id"
	expect_error 404 not_found
	as "$user-2" PATCH "/$id/read"
	expect_error 404 not_found
	as "$user-2" GET /
	expect '.total == 1 and all(.notifications[]; has("broadcast") | not)'
	api GET "/$id"
	expect_status 200
	expect '.notification.read'
	api PATCH "/$id/unread"
	expect_status 200
	expect '.notification.read == false and .unreadCount == 2'
	api POST /read-all
	expect '.count == 2 and .unreadCount == 0'
	api DELETE '/?all=true'
	expect '.count == 2'
	api GET "/$id"
	expect_error 404 not_found
	withdraw_broadcast "$id"
}

@test "broadcast: not for users first seen later" {
	counts_of "$user-before" >/dev/null # asking is enough to be known
	id=$(broadcast '{title: "News"}')
	as "$user-before" GET /
	expect '[.notifications[].title] == ["News"]'
	seq=$(seq_of "$user-before")
	expect_counts_of "$user-after" "0 0 $seq"
	as "$user-after" GET "/$id"
	expect_error 404 not_found
	as_publisher POST / "$(note '{userId: "\($user)-later"}')"
	as "$user-later" GET /
	expect '.total == 1 and (.notifications[0] | has("broadcast") | not)'
	withdraw_broadcast "$id"
}

@test "broadcast: withdrawn from every list and count, once" {
	create "$user" >/dev/null
	create "$user-2" >/dev/null
	id=$(broadcast)
	as "$user-2" PATCH "/$id/read"
	seq=$(seq_of "$user")
	api GET /
	tag=$(header ETag)
	as_publisher DELETE "/broadcast/$id"
	expect_status 200
	expect 'keys == ["message"] and (.message | length > 0)'
	expect_counts_of "$user" "1 1 $((seq + 1))"
	api GET / '' -H "If-None-Match: $tag"
	expect_status 200
	expect '.total == 1'
	as "$user-2" GET /
	expect '.total == 1 and .unreadCount == 1'
	api GET "/$id"
	expect_error 404 not_found
	as_publisher DELETE "/broadcast/$id"
	expect_error 404 not_found
	as_publisher DELETE "/broadcast/$no_such_id"
	expect_error 404 not_found
	own=$(create "$user")
	as_publisher DELETE "/broadcast/$own"
	expect_error 404 not_found
	expect_counts_of "$user" "2 2 $((seq + 2))"
}

@test "broadcast: expires for all, as a change" {
	create "$user" >/dev/null
	seq=$(seq_of "$user")
	ends=$(in_seconds 0.7)
	id=$(broadcast "{expiresAt: \"$ends\"}")
	wait_until_gone "$user" "$id"
	[[ "$(in_seconds 0)" > "$ends" ]]
	[[ "$(in_seconds -3)" < "$ends" ]]
	expect_counts_of "$user" "1 1 $((seq + 2))"
	as_publisher DELETE "/broadcast/$id"
	expect_error 404 not_found
}

@test "a notification expires, as a change" {
	create "$user" >/dev/null
	ends=$(in_seconds 0.7)
	id=$(create "$user" Short "\"expiresAt\":\"$ends\"")
	api GET "/$id"
	expect '.notification.expiresAt == $ends' --arg ends "$ends"
	wait_until_gone "$user" "$id"
	[[ "$(in_seconds 0)" > "$ends" ]]
	[[ "$(in_seconds -3)" < "$ends" ]]
	expect_counts_of "$user" '1 1 3'
}

# Withdrawing and forgetting

@test "withdraw: out of the user's list and counts, once" {
	create "$user" Kept >/dev/null
	id=$(create "$user" Taken)
	as_publisher DELETE "/users/$user-2/notifications/$id"
	expect_error 404 not_found
	as_publisher DELETE "/users/$user/notifications/$no_such_id"
	expect_error 404 not_found
	expect_counts_of "$user" '2 2 2'
	as_publisher DELETE "/users/$user/notifications/$id"
	expect_status 200
	expect 'keys == ["message"] and (.message | length > 0)'
	expect_counts_of "$user" '1 1 3'
	api GET /
	expect '[.notifications[].title] == ["Kept"]'
	as_publisher DELETE "/users/$user/notifications/$id"
	expect_error 404 not_found
	expect_counts_of "$user" '1 1 3'
}

@test "withdraw: a broadcast is not one user's" {
	create "$user" >/dev/null
	id=$(broadcast)
	as_publisher DELETE "/users/$user/notifications/$id"
	expect_error 404 not_found
	api GET "/$id"
	expect_status 200
	withdraw_broadcast "$id"
}

@test "forget: the inbox is empty, and begins above where it was" {
	first=$(create "$user")
	create "$user" >/dev/null
	create "$user-2" >/dev/null
	api PATCH "/$first/read"
	api GET /
	tag=$(header ETag)
	seq=$(jq .seq <<<"$body")
	as_admin DELETE "/users/$user"
	expect_status 200
	expect 'keys == ["message"] and (.message | length > 0)'
	api GET / '' -H "If-None-Match: $tag"
	expect_status 200
	expect '.notifications == [] and .total == 0 and .unreadCount == 0 and .unseenCount == 0'
	expect '.seq > $seq' --argjson seq "$seq"
	[ "$(header ETag)" != "$tag" ]
	api GET "/$first"
	expect_error 404 not_found
	expect_counts_of "$user-2" '1 1 1'
	create "$user" New >/dev/null
	api GET /
	expect '[.notifications[].title] == ["New"] and .total == 1'
	as_admin DELETE "/users/$user"
	expect_status 200
	as_admin DELETE "/users/$user-nobody"
	expect_status 200
}

@test "forget: broadcasts that there were are gone, too" {
	create "$user" >/dev/null
	id=$(broadcast)
	as_admin DELETE "/users/$user"
	expect_status 200
	api GET "/$id"
	expect_error 404 not_found
	api GET /
	expect '.total == 0'
	withdraw_broadcast "$id"
}

# Names of users in paths

@test "names: any that is valid, withdrawn from and forgotten under its name" {
	for name in "$user a+b&c?d#e%41" "$user/Zoë 日本" "https://id.example/$user/7" "$user//x/" "/$user" "auth0|$user" \
		"$user/notifications/$no_such_id" "$user;=@:" "$user%2F" "$(printf 'ü%.0s' {1..127})"; do
		id=$(user=$name; as_publisher POST / "$(note)"; jq -r .notification.id <<<"$body")
		path=/users/$(encoded "$name")
		as_publisher DELETE "$path/notifications/$id"
		expect_status 200
		as "$name" GET /
		expect_status 200
		expect '.total == 0'
		seq=$(seq_of "$name")
		as_admin DELETE "$path"
		expect_status 200
		[ "$(seq_of "$name")" -gt "$seq" ]
	done
}

@test "names: a slash inside is not one between; nobody else is meant by mistake" {
	victim=$(create victim)
	create victim/x >/dev/null
	id=$(broadcast)
	for path in "users/$user%2F..%2Fvictim" "users/$user/../victim" users/.%2Fvictim users/%2E/victim \
		"users/$user%2F..%2F..%2Fbroadcast%2F$id" "users/..%2Fbroadcast%2F$id" \
		"users/$user%2F..%2Fvictim/notifications/$victim" users/victim/x users/victim/ users//victim \
		users%2Fvictim users/ users; do
		as_admin DELETE "/$path" '' --path-as-is
		expect_error 404 not_found
	done
	as_admin DELETE "/users/%2E%2E" '' --path-as-is # to lighttpd, the address of the list
	expect_error 400 invalid_request
	expect_counts_of victim "2 2 $(seq_of victim)"
	expect_counts_of victim/x "2 2 $(seq_of victim/x)"
	as_admin DELETE /users/victim%2Fx
	expect_status 200
	expect_counts_of victim "2 2 $(seq_of victim)"
	as victim/x GET /
	expect '.total == 0'
	withdraw_broadcast "$id"
}

@test "names: what is none is 400" {
	for name in "$(printf 'u%.0s' {1..256})" "$(printf 'u%.0s' {1..2000})" %C2%85 a%C2%80%C2%9F; do
		as_admin DELETE "/users/$name"
		expect_error 400 invalid_request
		expect '.details[0].field == "userId"'
	done
	for name in a%0Ab a%7Fb a%00b %FF %C0%AF; do
		as_admin DELETE "/users/$name"
		expect_status 400 # of lighttpd
	done
	as_admin DELETE "/users/$(printf 'u%.0s' {1..255})"
	expect_status 200
}

# Rights

@test "rights: each request needs its own" {
	id=$(create "$user")
	all=$(broadcast)
	while read -r method path needed text; do
		TOKEN='' api "$method" "$path" "${text-}"
		expect_error 401 token_missing
		[ "$(header WWW-Authenticate)" = 'Bearer realm="tidings"' ]
		api "$method" "$path" "${text-}"
		expect_error 403 forbidden
		[[ "$(header WWW-Authenticate)" == *'error="insufficient_scope"'* ]]
		if [ "$needed" = admin ]; then
			as_publisher "$method" "$path" "${text-}"
			expect_error 403 forbidden
			expect '.error | contains("admin") and (contains("service") | not)'
		fi
	done <<-TABLE
		POST /batch publisher $(batch '{}')
		POST /broadcast publisher $(note_for_all)
		DELETE /broadcast/$all publisher
		DELETE /users/$user/notifications/$id publisher
		DELETE /users/$user admin
	TABLE
	expect_counts_of "$user" "2 2 $(seq_of "$user")"
	TOKEN=$admin_token api POST /batch "$(batch '{}')"
	expect_status 201
	as_admin DELETE "/users/$user/notifications/$id"
	expect_status 200
	as_admin DELETE "/broadcast/$all"
	expect_status 200
}

@test "methods: 405 with Allow, OPTIONS without a token, HEAD" {
	while read -r path allow; do
		for method in GET HEAD PUT; do
			api "$method" "$path"
			expect_status 405
			[ "$(header Allow)" = "$allow" ] || fail_with "Allow of $path"
		done
		TOKEN='' api OPTIONS "$path" '' -H 'Origin: https://app.example' -H 'Access-Control-Request-Method: POST'
		expect_status 204
		[ "$(header Access-Control-Allow-Methods)" = "$allow" ]
		[ "$(header Access-Control-Allow-Headers)" = 'Authorization, Content-Type, Idempotency-Key, If-None-Match' ]
	done <<-TABLE
		/batch POST, OPTIONS
		/broadcast POST, OPTIONS
		/broadcast/$no_such_id DELETE, OPTIONS
		/users/u%2Fv DELETE, OPTIONS
		/users/u%2Fv/notifications/$no_such_id DELETE, OPTIONS
	TABLE
	as_publisher POST /batch "$(batch '{}')" -H 'Origin: https://app.example'
	expect_status 201
	[ "$(header Access-Control-Allow-Origin)" = https://app.example ]
	[ "$(header Access-Control-Expose-Headers)" = 'ETag, Location, Retry-After, Idempotent-Replayed' ]
}

@test "requests without a body refuse one" {
	id=$(create "$user")
	for path in "/users/$user" "/users/$user/notifications/$id" "/broadcast/$id"; do
		as_admin DELETE "$path" '{"a":1}'
		expect_error 400 invalid_request
	done
	expect_counts_of "$user" '1 1 1'
}

# Keys

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

@test "key: a repeat gets the same answer, and creates nothing" {
	repeated / "$(note '{data: {n: 1.50}, expiresAt: "2199-01-01T00:00:00+01:00"}')" "$user"
	expect_counts_of "$user" '1 1 1'
	id=$(jq -r .notification.id <<<"$body")
	api DELETE "/$id"
	first=$body
	as_publisher POST / "$(note '{data: {n: 1.50}, expiresAt: "2199-01-01T00:00:00+01:00"}')" -H "Idempotency-Key: $user"
	expect_status 201
	expect '.notification.id == $id' --arg id "$id"
	[ "$(header Idempotent-Replayed)" = true ]
	expect_counts_of "$user" '0 0 2'
	repeated / "$(note)" "$user-2"
	expect_counts_of "$user" '1 1 3'
}

@test "key: repeats of a batch and of a broadcast" {
	repeated /batch "$(batch '{title: "A"}, {userId: "\($user)-2"}, {title: "C"}')" "$user"
	expect '[.notifications[].title] == ["A", "T", "C"]'
	expect_counts_of "$user" '2 2 1'
	expect_counts_of "$user-2" '1 1 1'
	repeated /broadcast "$(note_for_all)" "$user"
	expect_counts_of "$user" '3 3 2'
	id=$(jq -r .notification.id <<<"$body")
	withdraw_broadcast "$id"
	as_publisher POST /broadcast "$(note_for_all)" -H "Idempotency-Key: $user"
	expect_status 201
	expect '.notification.id == $id' --arg id "$id"
	expect_counts_of "$user" '2 2 3'
}

@test "key: another body is 409" {
	repeated / "$(note)" "$user"
	first=$body
	for text in "$(note '{title: "Other"}')" "$(note) " "$(note '{expiresAt: "2001-01-01T00:00:00Z"}')"; do
		as_publisher POST / "$text" -H "Idempotency-Key: $user"
		expect_error 409 idempotency_conflict
		refute header Idempotent-Replayed
	done
	as_publisher POST / "$(note)" -H "Idempotency-Key: $user"
	expect '. == $first' --argjson first "$first"
	expect_counts_of "$user" '1 1 1'
}

@test "key: counts among those of its publisher and its address" {
	repeated / "$(note)" "$user"
	repeated / "$(note)" "$user" "$(make_token "$user-publisher" service)"
	repeated / "$(note)" "$user" "$admin_token"
	repeated / "$(note)" "$user-2"
	repeated /batch "$(batch '{}')" "$user"
	expect_counts_of "$user" '5 5 5'
	# The same publisher, by another token and another spelling of the address
	TOKEN=$(make_token publisher admin 60) api POST '' "$(note)" -H "Idempotency-Key: $user"
	expect_status 201
	[ "$(header Idempotent-Replayed)" = true ]
	expect_counts_of "$user" '5 5 5'
}

@test "key: what failed is not kept" {
	as_publisher POST / "$(note '{title: ""}')" -H "Idempotency-Key: $user"
	expect_error 400 invalid_request
	api POST / "$(note)" -H "Idempotency-Key: $user"
	expect_error 403 forbidden
	repeated / "$(note)" "$user"
}

@test "key: what is none is 400; other requests take no notice of it" {
	for key in "$(printf 'k%.0s' {1..256})" $'a\tb' 'ä'; do
		as_publisher POST / "$(note)" -H "Idempotency-Key: $key"
		expect_error 400 invalid_request
		expect '.details[0].field == "Idempotency-Key"'
	done
	repeated / "$(note)" "$user $(printf '~%.0s' {1..240})"
	api GET / '' -H 'Idempotency-Key: ä'
	expect_status 200
	for i in 1 2; do
		api POST /read-all '' -H "Idempotency-Key: $user"
		expect_status 200
		expect ".count == $((2 - i))"
		refute header Idempotent-Replayed
	done
}

@test "key: a repeat after it has expired is no new request" {
	create "$user" >/dev/null
	text=$(note "{expiresAt: \"$(in_seconds 0.7)\"}")
	as_publisher POST / "$text" -H "Idempotency-Key: $user"
	expect_status 201
	first=$body
	wait_until_gone "$user" "$(jq -r .notification.id <<<"$body")"
	counts=$(counts_of "$user")
	as_publisher POST / "$text" -H "Idempotency-Key: $user"
	expect_status 201
	[ "$body" = "$first" ]
	[ "$(header Idempotent-Replayed)" = true ]
	# But it cannot be created now
	as_publisher POST / "$text" -H "Idempotency-Key: $user-other"
	expect_error 400 invalid_request
	expect '[.details[].field] == ["expiresAt"]'
	as_publisher POST /batch "{\"notifications\":[$(note),$text]}" -H "Idempotency-Key: $user"
	expect_error 400 invalid_request
	expect '[.details[].field] == ["notifications[1].expiresAt"]'
	as_publisher POST / "$text "
	expect_error 400 invalid_request
	as_publisher POST / "$(jq -c '. + {title: ""}' <<<"$text")" -H "Idempotency-Key: $user-other"
	expect_error 400 invalid_request
	expect '[.details[].field] == ["title", "expiresAt"]'
	expect_counts_of "$user" "$counts"
}

@test "key: repeats of a batch and a broadcast after some of it has expired" {
	create "$user" >/dev/null
	text=$(batch "{}, {expiresAt: \"$(in_seconds 0.7)\"}")
	all=$(note_for_all "{expiresAt: \"$(in_seconds 0.8)\"}")
	as_publisher POST /batch "$text" -H "Idempotency-Key: $user"
	first=$body
	as_publisher POST /broadcast "$all" -H "Idempotency-Key: $user"
	expect_status 201
	second=$body
	wait_until_gone "$user" "$(jq -r '.notifications[1].id' <<<"$first")"
	wait_until_gone "$user" "$(jq -r .notification.id <<<"$second")"
	counts=$(counts_of "$user")
	as_publisher POST /batch "$text" -H "Idempotency-Key: $user"
	expect_status 201
	[ "$body" = "$first" ]
	as_publisher POST /broadcast "$all" -H "Idempotency-Key: $user"
	expect_status 201
	[ "$body" = "$second" ]
	expect_counts_of "$user" "$counts"
}

@test "key: twins that come at once create one" {
	as_publisher POST / "$(note)" -H "Idempotency-Key: $user-warm"
	options=(-H "Authorization: Bearer $publisher_token" -H 'Content-Type: application/json'
		-H "Idempotency-Key: $user" --data "$(note '{title: "Twin"}')")
	pids=()
	for i in $(seq 12); do
		curl -sS "${options[@]}" -D "$dir/twin-$i.headers" -o "$dir/twin-$i" "$url/" 3>&- &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid"
	done
	[ "$(cat "$dir"/twin-?.headers "$dir"/twin-??.headers | grep -c '^HTTP/1.1 201')" = 12 ]
	[ "$(cat "$dir"/twin-?.headers "$dir"/twin-??.headers | grep -ic '^Idempotent-Replayed: true')" = 11 ]
	[ "$(jq -s 'unique | length' "$dir"/twin-? "$dir"/twin-??)" = 1 ]
	expect_counts_of "$user" '2 2 2'
}

@test "key: is kept over a restart of the store" {
	repeated / "$(note)" "$user"
	first=$body
	stop_program stored
	start_stored
	as_publisher POST / "$(note)" -H "Idempotency-Key: $user"
	expect_status 201
	[ "$body" = "$first" ]
	[ "$(header Idempotent-Replayed)" = true ]
	expect_counts_of "$user" '1 1 1'
}

# Revoked tokens

@test "a revoked token is refused by every request, a newer one is not" {
	id=$(create "$user")
	old=$TOKEN
	without_time=$(mint_token '{"alg":"HS256"}' "{\"sub\":\"$user\",\"exp\":$(($(date +%s) + 60))}")
	"$top_builddir/tests/system/revoke" "$TIDINGS_CONFIG" "$user"
	newer=$(mint_token '{"alg":"HS256"}' "{\"sub\":\"$user\",\"iat\":$(($(date +%s) + 2)),\"exp\":$(($(date +%s) + 60))}")
	for token in "$old" "$without_time"; do
		TOKEN=$token
		for request in 'GET /' 'GET /unread-count' "GET /$id" "PATCH /$id/read" 'POST /seen' "DELETE /$id"; do
			# shellcheck disable=SC2086 # a method and a path
			api $request
			expect_error 401 token_revoked
			[ "$(header WWW-Authenticate)" = 'Bearer realm="tidings", error="invalid_token", error_description="token_revoked"' ]
			refute grep -F "$token" <<<"$body$headers"
		done
		api GET / '' -H 'If-None-Match: *'
		expect_error 401 token_revoked
	done
	TOKEN=$newer
	api GET /unread-count
	expect_status 200
	expect '.unreadCount == 1'
}

@test "a revoked publisher and administrator do nothing" {
	id=$(create "$user")
	TOKEN=$(make_token "$user-boss" admin)
	api POST / "$(note)" -H "Idempotency-Key: $user"
	expect_status 201
	"$top_builddir/tests/system/revoke" "$TIDINGS_CONFIG" "$user-boss"
	for key in "$user" "$user-2"; do
		api POST / "$(note)" -H "Idempotency-Key: $key"
		expect_error 401 token_revoked
	done
	api POST /batch "$(batch '{}')"
	expect_error 401 token_revoked
	api POST /broadcast "$(note_for_all)"
	expect_error 401 token_revoked
	api DELETE "/users/$user/notifications/$id"
	expect_error 401 token_revoked
	api DELETE "/users/$user"
	expect_error 401 token_revoked
	expect_counts_of "$user" '2 2 2'
}

# Last, for it leaves as many broadcasts as there may be

@test "broadcast: as many as may be, then 507 until one is withdrawn" {
	repeated /broadcast "$(note_for_all)" "$user"
	first=$(jq -r .notification.id <<<"$body")
	note_for_all >"$dir/all"
	for i in $(seq 2 1000); do
		printf 'url = "%s/broadcast"\noutput = "%s"\n' "$url" "$dir/answers"
	done >"$dir/urls"
	curl -sS -K "$dir/urls" -H "Authorization: Bearer $publisher_token" -H 'Content-Type: application/json' \
		--data-binary "@$dir/all" -w '%{http_code}\n' >"$dir/codes"
	[ "$(sort "$dir/codes" | uniq -c | tr -d ' ')" = 999201 ]
	as_publisher POST /broadcast "$(note_for_all)"
	expect_error 507 storage_full
	expect '.error | contains("1000") and contains("withdraw")'
	as_publisher POST /broadcast "$(note_for_all)" -H "Idempotency-Key: $user"
	expect_status 201
	expect '.notification.id == $id' --arg id "$first"
	create "$user" >/dev/null # one of their own, all the same
	withdraw_broadcast "$first"
	as_publisher POST /broadcast "$(note_for_all)"
	expect_status 201
	expect_counts_of "$user-new" '1000 1000 1002'
	as "$user-new" GET '/?limit=100'
	expect '.total == 1000 and (.notifications | length) == 100 and has("nextCursor")'
}
