#!/usr/bin/env bats
# Keys, which make it harmless to repeat a creating REST request; through lighttpd.

# In single quotes stand texts for jq; variables come from common.bash, and go there
# shellcheck disable=SC2016,SC2030,SC2031,SC2154
load common
load rest

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
	text=$(note "{expiresAt: \"$(in_seconds 2)\"}")
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
	text=$(batch "{}, {expiresAt: \"$(in_seconds 2)\"}")
	all=$(note_for_all "{expiresAt: \"$(in_seconds 2)\"}")
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
