#!/usr/bin/env bats
# The REST requests by which publishers and administrators take back what there is, names of
# users in paths, rights, and tokens that were revoked; through lighttpd.

# In single quotes stand texts for jq; variables come from common.bash, and go there
# shellcheck disable=SC2016,SC2030,SC2031,SC2154
load common
load rest

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
	as_admin DELETE "/users/%2E%2E" '' --path-as-is # to web servers, the address of the list
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
		[[ $status = 40[04] ]] # of the web server
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

# Revoked tokens

@test "a revoked token is refused by every request, a newer one is not" {
	id=$(create "$user")
	old=$TOKEN
	without_time=$(mint_token '{"alg":"HS256"}' "{\"sub\":\"$user\",\"exp\":$(($(date +%s) + 60))}")
	"$top_builddir/cli/tidings" disconnect "$user" --revoke
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
	"$top_builddir/cli/tidings" disconnect "$user-boss" --revoke
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
