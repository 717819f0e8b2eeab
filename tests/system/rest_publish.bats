#!/usr/bin/env bats
# The REST requests that create several notifications, or one for everybody, and how these
# end by themselves; through lighttpd.

# In single quotes stand texts for jq; variables come from common.bash, and go there
# shellcheck disable=SC2016,SC2030,SC2031,SC2154
load common
load rest

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
	ends=$(in_seconds 2)
	id=$(broadcast "{expiresAt: \"$ends\"}")
	wait_until_gone "$user" "$id"
	[[ "$(in_seconds 0)" > "$ends" ]]
	[[ "$(in_seconds -20)" < "$ends" ]]
	expect_counts_of "$user" "1 1 $((seq + 2))"
	as_publisher DELETE "/broadcast/$id"
	expect_error 404 not_found
}

@test "a notification expires, as a change" {
	create "$user" >/dev/null
	ends=$(in_seconds 3)
	id=$(create "$user" Short "\"expiresAt\":\"$ends\"")
	api GET "/$id"
	expect '.notification.expiresAt == $ends' --arg ends "$ends"
	wait_until_gone "$user" "$id"
	[[ "$(in_seconds 0)" > "$ends" ]]
	[[ "$(in_seconds -20)" < "$ends" ]]
	expect_counts_of "$user" '1 1 3'
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
