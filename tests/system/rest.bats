#!/usr/bin/env bats
# The REST requests of the contract, through lighttpd: each row, each error.

# In single quotes stand texts for jq; variables come from common.bash, and go there
# shellcheck disable=SC2016,SC2030,SC2031,SC2154
load common

setup_file() {
	begin_tests
	record_traffic
	set_config web allowed-origins 'https://app.example'
	set_config auth cookie session
	start_stored
	start_api
	start_lighttpd
}

teardown_file() {
	end_tests
}

# A user for each test, so that none sees what another made
setup() {
	user=user-$BATS_TEST_NUMBER
	TOKEN=$(make_token "$user")
}

no_such_id=01890a5d-ac96-774b-bcce-b302099a8057

# note MEMBERS: the JSON of a notification for $user with more members, or others
note() {
	jq -cn --arg user "$user" '{userId: $user, type: "info", title: "T", message: "M"} + ('"${1-{\}}"')'
}

# expect_counts UNREAD UNSEEN SEQ
expect_counts() {
	expect '.unreadCount == $a and .unseenCount == $b and .seq == $c' \
		--argjson a "$1" --argjson b "$2" --argjson c "$3"
}

# refused MEMBERS FIELD: creating with these members is 400, and names the field
refused() {
	as_publisher POST / "$(note "$1")"
	expect_error 400 invalid_request
	expect 'any(.details[]; .field == $field and (.problem | length > 0))' --arg field "$2"
}

# Creating

@test "create: 201, Location, all members, and it is there" {
	as_publisher POST / "$(note '{link: "/orders/7", data: {order: 7}, category: "orders",
		type: "success", expiresAt: "2199-01-01T00:00:00+01:00"}')"
	expect_status 201
	expect 'keys == ["notification"]'
	expect '.notification | .userId == $user and .type == "success" and .title == "T"
		and .message == "M" and .link == "/orders/7" and .data == {order: 7}
		and .category == "orders" and .read == false and (has("readAt") | not)
		and .expiresAt == "2198-12-31T23:00:00.000Z"' --arg user "$user"
	expect '.notification.id | test("^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")'
	expect '.notification.createdAt | test("^20[0-9-]{8}T[0-9:]{8}\\.[0-9]{3}Z$")'
	id=$(jq -r .notification.id <<<"$body")
	[ "$(header Location)" = "/api/notifications/$id" ]
	[ "$(header Cache-Control)" = no-store ]
	created=$body
	api GET "/$id"
	expect_status 200
	expect '. == $created' --argjson created "$created"
}

@test "create: each type" {
	for type in info success warning error; do
		as_publisher POST / "$(note "{type: \"$type\"}")"
		expect_status 201
		expect '.notification.type == $type' --arg type "$type"
	done
	api GET /
	expect '[.notifications[].type] == ["error", "warning", "success", "info"]'
}

@test "create: the longest title and message, in characters" {
	as_publisher POST / "$(note '{title: ("ä" * 200), message: ("日" * 1000)}')"
	expect_status 201
	expect '(.notification.title | length) == 200 and (.notification.message | length) == 1000'
	refused '{title: ("ä" * 201)}' title
	refused '{message: ("日" * 1001)}' message
}

@test "create: every rule of the notification" {
	refused '{userId: ""}' userId
	refused '{userId: ("u" * 256)}' userId
	refused '{userId: "a\u0000b"}' userId
	refused '{userId: 7}' userId
	refused '{type: "alert"}' type
	refused '{title: ""}' title
	refused '{title: null}' title
	refused '{message: ["M"]}' message
	refused '{link: "javascript:alert(1)"}' link
	refused '{link: "//evil.example/"}' link
	refused '{link: ("/" + "x" * 2048)}' link
	refused '{data: [1]}' data
	refused '{data: {x: ("x" * 4096)}}' data
	refused '{category: "Orders"}' category
	refused '{expiresAt: "tomorrow"}' expiresAt
	refused '{expiresAt: "2001-01-01T00:00:00Z"}' expiresAt
	refused '{colour: "red"}' colour
	refused '{read: true}' read
	api GET /unread-count
	expect_counts 0 0 0
}

@test "create: all that is wrong is told at once" {
	as_publisher POST / '{"type":"alert","title":"","colour":1}'
	expect_error 400 invalid_request
	expect '[.details[].field] | sort == ["colour", "message", "title", "type", "userId"]'
}

@test "create: what is no JSON object" {
	for text in '{' '[]' '"text"' '7' 'null' '{"userId":"u"} {}' "{'userId':'u'}" '{"userId":"u","userId":"v"}'; do
		as_publisher POST / "$text"
		expect_error 400 invalid_request
	done
	as_publisher POST / @/dev/null
	expect_error 400 invalid_request
}

@test "create: invalid UTF-8" {
	for bytes in '\xff' '\xc0\xaf' '\xed\xa0\x80' '\xf4\x90\x80\x80' '\xc3'; do
		printf '{"userId":"u","type":"info","title":"%b","message":"M"}' "$bytes" >"$dir/bad"
		as_publisher POST / "@$dir/bad"
		expect_error 400 invalid_request
	done
}

@test "create: the media type" {
	for type in text/plain application/x-www-form-urlencoded 'application/json; charset=latin1' \
		application/jsonx; do
		as_publisher POST / "$(note)" -H "Content-Type: $type"
		expect_error 415 unsupported_media_type
	done
	as_publisher POST / "$(note)" -H 'Content-Type:'
	expect_error 415 unsupported_media_type
	as_publisher POST / "$(note)" -H 'Content-Type: Application/JSON; charset="UTF-8"'
	expect_status 201
}

@test "create: a body that is too large" {
	head -c 65536 /dev/zero | tr '\0' ' ' >"$dir/most"
	as_publisher POST / "@$dir/most"
	expect_error 400 invalid_request
	head -c 65537 /dev/zero | tr '\0' ' ' >"$dir/more"
	as_publisher POST / "@$dir/more"
	expect_error 413 too_large
	head -c 5000000 /dev/zero | tr '\0' ' ' >"$dir/large"
	as_publisher POST / "@$dir/large"
	expect_error 413 too_large
	as_publisher POST / "@$dir/large" -H 'Transfer-Encoding: chunked'
	expect_error 413 too_large
	api GET /unread-count
	expect_status 200
}

@test "create: a chunked body" {
	as_publisher POST / "$(note)" -H 'Transfer-Encoding: chunked'
	expect_status 201
}

@test "create: only publishers may" {
	api POST / "$(note)"
	expect_error 403 forbidden
	expect '.error | contains("role") and contains("admin") and contains("service")
		and contains("notifications:write")'
	header WWW-Authenticate | grep -F 'error="insufficient_scope"'
	TOKEN=$(make_token boss admin)
	api POST / "$(note)"
	expect_status 201
	now=$(date +%s)
	TOKEN=$(mint_token '{"alg":"HS256"}' "{\"sub\":\"a\",\"exp\":$((now + 60)),\"scope\":\"x notifications:write\"}")
	api POST / "$(note)"
	expect_status 201
	TOKEN=$(mint_token '{"alg":"HS256"}' "{\"sub\":\"a\",\"exp\":$((now + 60)),\"scope\":\"notifications:writes\"}")
	api POST / "$(note)"
	expect_error 403 forbidden
}

# Reading

@test "list: newest first, counts, total of all" {
	first=$(create "$user" One)
	second=$(create "$user" Two)
	api GET '/?limit=1'
	expect_status 200
	expect '(keys - ["nextCursor"]) == ["notifications", "seq", "total", "unreadCount", "unseenCount"]'
	expect '.total == 2 and [.notifications[].id] == [$id]' --arg id "$second"
	expect_counts 2 2 2
	cursor=$(jq -r .nextCursor <<<"$body")
	api GET "/?limit=1&cursor=$cursor"
	expect '[.notifications[].id] == [$id] and (has("nextCursor") | not)' --arg id "$first"
	api GET '/?limit=1&offset=1'
	expect '[.notifications[].id] == [$id]' --arg id "$first"
	api GET '/?offset=2'
	expect '.notifications == [] and .total == 2'
}

@test "list: of a user who has none; with and without the slash" {
	api GET /
	expect_status 200
	expect '. == {notifications: [], total: 0, unreadCount: 0, unseenCount: 0, seq: 0}'
	api GET ''
	expect_status 200
	api GET '?limit=5'
	expect_status 200
}

@test "list: pages by cursor give all, each once; 50 is the default" {
	for i in $(seq 55); do
		create "$user" "N$i" >/dev/null
	done
	api GET /
	expect '.notifications | length == 50'
	: >"$dir/seen"
	path='/?limit=7'
	while
		api GET "$path"
		jq -r '.notifications[].title' <<<"$body" >>"$dir/seen"
		jq -e .nextCursor <<<"$body" >/dev/null
	do
		path="/?limit=7&cursor=$(jq -r .nextCursor <<<"$body")"
	done
	[ "$(cat "$dir/seen")" = "$(seq 55 -1 1 | sed 's/^/N/')" ]
}

@test "list: the filters" {
	a=$(create "$user" A '"category":"x"')
	create "$user" B '"category":"y"' >/dev/null
	as_publisher POST / "$(note '{type: "error", category: "x"}')"
	c=$(jq -r .notification.id <<<"$body")
	api PATCH "/$a/read"
	api GET '/?category=x'
	expect '[.notifications[].id] == [$c, $a]' --arg a "$a" --arg c "$c"
	api GET '/?category=x&unread=true'
	expect '[.notifications[].id] == [$c] and .total == 3' --arg c "$c"
	api GET '/?unread=false&type=error'
	expect '[.notifications[].id] == [$c]' --arg c "$c"
	api GET '/?category=none'
	expect '.notifications == []'
}

@test "list: every parameter is checked" {
	for query in limit=0 limit=101 limit=-1 limit= limit=x limit=1.5 offset=10001 offset=-1 \
		cursor=x cursor= unread=yes unread= type=alert type= category= category=A%20b; do
		api GET "/?$query"
		expect_error 400 invalid_request
		expect '.details[0].field == $field' --arg field "${query%%=*}"
	done
	api GET "/?cursor=$no_such_id&offset=1"
	expect_error 400 invalid_request
	expect '.details[0].field == "offset"'
	for query in x=1 limits=5 Limit=5 _=1; do
		api GET "/?$query"
		expect_error 400 invalid_request
		expect '.details[0].field == $field' --arg field "${query%%=*}"
	done
	api GET '/?limit=5&limit=6'
	expect_error 400 invalid_request
	api GET '/unread-count?limit=5'
	expect_error 400 invalid_request
	for query in limit=1 limit=100 offset=0 offset=10000 "cursor=$no_such_id"; do
		api GET "/?$query"
		expect_status 200
	done
}

@test "unread-count" {
	create "$user" >/dev/null
	api GET /unread-count
	expect_status 200
	expect '. == {unreadCount: 1, unseenCount: 1, seq: 1}'
	[ "$(header Cache-Control)" = no-store ]
}

@test "get one, in any case of its id" {
	id=$(create "$user")
	api GET "/${id^^}"
	expect_status 200
	expect 'keys == ["notification"] and .notification.id == $id' --arg id "$id"
}

@test "what is not there, and what is another user's, is 404" {
	theirs=$(create somebody-else)
	for id in "$no_such_id" "$theirs"; do
		api GET "/$id"
		expect_error 404 not_found
		api PATCH "/$id/read"
		expect_error 404 not_found
		api PATCH "/$id/unread"
		expect_error 404 not_found
		api DELETE "/$id"
		expect_error 404 not_found
	done
	TOKEN=$(make_token boss admin)
	api GET "/$theirs"
	expect_error 404 not_found
	TOKEN=$(make_token somebody-else)
	api GET "/$theirs"
	expect_status 200
	expect '.notification.read == false'
}

@test "a list never shows another user's" {
	create "$user-2" >/dev/null
	api GET "/?limit=100"
	expect '.notifications == [] and .total == 0'
}

# Changing

@test "read: idempotent, readAt keeps its first value" {
	id=$(create "$user")
	api PATCH "/$id/read"
	expect_status 200
	expect '.notification.read == true and (.notification.readAt | test("Z$"))'
	expect_counts 0 0 2
	first=$body
	api PATCH "/$id/read" '{}'
	expect_status 200
	expect '. == $first' --argjson first "$first"
	api GET "/$id"
	expect '.notification == $first.notification' --argjson first "$first"
}

@test "unread: and back again" {
	id=$(create "$user")
	api PATCH "/$id/read"
	api PATCH "/$id/unread"
	expect_status 200
	expect '.notification.read == false and (.notification | has("readAt") | not)'
	expect '.unreadCount == 1 and .seq == 3'
	unread=$body
	api PATCH "/$id/unread"
	expect '. == $unread' --argjson unread "$unread"
}

@test "read-all" {
	create "$user" >/dev/null
	create "$user" >/dev/null
	api POST /read-all
	expect_status 200
	expect '.count == 2 and (.message | type == "string")'
	expect_counts 0 0 3
	api POST /read-all '{}'
	expect_status 200
	expect '.count == 0 and .seq == 3'
	create "$user" >/dev/null
	api GET '/?unread=true'
	expect '.notifications | length == 1'
	api GET /
	expect '[.notifications[].read] == [false, true, true]'
}

@test "seen: unseenCount becomes 0, nothing becomes read" {
	create "$user" >/dev/null
	api POST /seen
	expect_status 200
	expect_counts 1 0 2
	create "$user" >/dev/null
	api GET /unread-count
	expect_counts 2 1 3
	api GET /
	expect 'all(.notifications[]; .read == false)'
}

@test "delete one" {
	id=$(create "$user")
	create "$user" >/dev/null
	api DELETE "/$id"
	expect_status 200
	expect '.message | type == "string"'
	expect_counts 1 1 3
	api DELETE "/$id"
	expect_error 404 not_found
	api GET /
	expect '.total == 1'
}

@test "delete many: all, or those that are read; never by accident" {
	a=$(create "$user")
	create "$user" >/dev/null
	api PATCH "/$a/read"
	for query in '' '?all=false' '?read=false' '?all' '?all=' '?all=true&read=true' '?all=1' '?everything=true'; do
		api DELETE "/$query"
		expect_error 400 invalid_request
	done
	api DELETE ''
	expect_error 400 invalid_request
	api GET /
	expect '.total == 2'
	api DELETE '/?read=true'
	expect_status 200
	expect '.count == 1 and (.message | type == "string") and .unreadCount == 1'
	api GET /
	expect '.total == 1 and .notifications[0].read == false'
	api DELETE '/?all=true'
	expect_status 200
	expect '.count == 1'
	expect_counts 0 0 5
	api GET /
	expect '.total == 0 and .notifications == []'
}

@test "requests without a body refuse one" {
	id=$(create "$user")
	for request in "PATCH /$id/read" "PATCH /$id/unread" 'POST /read-all' 'POST /seen' "DELETE /$id" \
		'DELETE /?all=true'; do
		# shellcheck disable=SC2086 # a method and a path
		api $request '{"a":1}'
		expect_error 400 invalid_request
	done
	api GET /unread-count
	expect_counts 1 1 1
}

# Addresses and methods

@test "405 names the methods" {
	while read -r method path allow; do
		api "$method" "$path"
		expect_error 405 method_not_allowed
		[ "$(header Allow)" = "$allow" ] || fail_with "Allow of $path"
	done <<-TABLE
		PUT /?x GET, HEAD, POST, DELETE, OPTIONS
		PATCH / GET, HEAD, POST, DELETE, OPTIONS
		POST /unread-count GET, HEAD, OPTIONS
		GET /read-all POST, OPTIONS
		DELETE /seen POST, OPTIONS
		POST /$no_such_id GET, HEAD, DELETE, OPTIONS
		GET /$no_such_id/read PATCH, OPTIONS
		POST /$no_such_id/unread PATCH, OPTIONS
		DELETE /healthz GET, HEAD, OPTIONS
	TABLE
}

@test "404 for all other addresses" {
	for path in /x /%C3%A4 "/$no_such_id/" "/$no_such_id/x" "/${no_such_id}0" /unread-count/ \
		/users /users/u/notifications "/users/u/$no_such_id" /broadcast/x /batch/; do
		api GET "$path"
		expect_error 404 not_found
	done
}

@test "HEAD has the headers of GET and no body" {
	create "$user" >/dev/null
	api GET /
	length=$(header Content-Length) tag=$(header ETag)
	api HEAD /
	expect_status 200
	[ "$(header Content-Length)" = "$length" ]
	[ "$(header ETag)" = "$tag" ]
	[ "$(header Content-Type)" = application/json ]
	api HEAD /unread-count
	expect_status 200
	api HEAD "/$no_such_id"
	expect_status 404
}

@test "every answer says what it varies by, and is not sniffed" {
	for path in / /unread-count /x /healthz; do
		api GET "$path"
		[ "$(header Vary | tr -d ' ')" = Authorization,Cookie,Origin ]
		[ "$(header X-Content-Type-Options)" = nosniff ]
	done
}

# Entity tags

@test "ETag: 304 while nothing changed" {
	create "$user" >/dev/null
	api GET /
	tag=$(header ETag)
	[ "$(header Cache-Control)" = 'private, no-cache' ]
	for known in "$tag" "W/$tag" "\"x\", $tag" '*'; do
		api GET / '' -H "If-None-Match: $known"
		expect_status 304
		[ -z "$body" ]
		[ "$(header ETag)" = "$tag" ]
		[ "$(header Vary | tr -d ' ')" = Authorization,Cookie,Origin ]
	done
	api HEAD / '' -H "If-None-Match: $tag"
	expect_status 304
	api GET / '' -H 'If-None-Match: "x"'
	expect_status 200
	[ "$(header ETag)" = "$tag" ]
}

@test "ETag: another after each change, for another query and user" {
	api GET /
	tags=$(header ETag)
	id=$(create "$user")
	tag_changed
	api PATCH "/$id/read"
	tag_changed
	api POST /seen
	api DELETE "/$id"
	tag_changed
	api GET '/?limit=5'
	refute grep -F "$(header ETag)" <<<"$tags"
	TOKEN=$(make_token "$user-2")
	create "$user-2" >/dev/null
	api GET / '' -H "If-None-Match: $(tail -n 1 <<<"$tags")"
	expect_status 200
}

# The list is there again for the last tag, under a new one
tag_changed() {
	api GET / '' -H "If-None-Match: $(tail -n 1 <<<"$tags")"
	expect_status 200 || return
	refute grep -F "$(header ETag)" <<<"$tags" || return
	tags+=$'\n'$(header ETag)
}

@test "ETag: a wrong query is an error, whatever the client knows" {
	api GET '/?limit=0' '' -H 'If-None-Match: *'
	expect_error 400 invalid_request
}

# Tokens

# refused_token CODE TOKEN: in the header
refused_token() {
	TOKEN=$2
	api GET /unread-count
	expect_error 401 "$1"
	[[ "$(header WWW-Authenticate)" == 'Bearer realm="tidings", error="invalid_token"'* ]] ||
		fail_with "WWW-Authenticate"
	refute grep -F "$2" <<<"$body$headers"
}

@test "token: none" {
	TOKEN=
	for request in 'GET /' 'GET /unread-count' 'POST /' "GET /$no_such_id" "PATCH /$no_such_id/read" \
		'POST /read-all' 'POST /seen' "DELETE /$no_such_id" 'DELETE /?all=true'; do
		# shellcheck disable=SC2086 # a method and a path
		api $request
		expect_error 401 token_missing
		[ "$(header WWW-Authenticate)" = 'Bearer realm="tidings"' ]
	done
	expect '.error | contains("CGIPassAuth")'
	api GET / '' -H 'Authorization: Basic dTpw'
	expect_error 401 token_missing
}

@test "token: malformed" {
	good=$TOKEN
	for token in x_y x.y a.b.c "$good.x" ".$good" "${good%.*}" "${good/./,}" "$good $good"; do
		refused_token token_malformed "$token"
	done
	refused_token token_malformed "$(head -c 7000 /dev/zero | tr '\0' a)"
	refused_token token_malformed "$(mint_token '{"alg":"HS256"}' '{"sub":"u","sub":"v","exp":2147483647}')"
	refused_token token_malformed "$(mint_token '{"alg":"HS256"}' '[]')"
	TOKEN='' api GET / '' -H 'Authorization: Bearer' # curl sends no header whose value is empty
	expect_error 401 token_malformed
}

@test "token: algorithm" {
	claims="{\"sub\":\"$user\",\"exp\":$(($(date +%s) + 60))}"
	for header in '{"alg":"none"}' '{"alg":"HS384"}' '{"alg":"HS512"}' '{"alg":"RS256"}' '{"alg":"ES256"}' \
		'{"alg":"hs256"}' '{"alg":"HS256","kid":"other"}' '{"alg":"HS256","crit":["x"]}' '{}'; do
		refused_token token_algorithm "$(mint_token "$header" "$claims")"
	done
	token=$(mint_token '{"alg":"none"}' "$claims")
	refused_token token_algorithm "${token%.*}."
}

@test "token: signature" {
	claims="{\"sub\":\"$user\",\"exp\":$(($(date +%s) + 60))}"
	echo 'another secret, also of 32 bytes or more' >"$dir/other.key"
	refused_token token_signature "$(mint_token '{"alg":"HS256"}' "$claims" "$dir/other.key")"
	token=$(make_token "$user") other=$(make_token "$user" admin)
	refused_token token_signature "${other%.*}.${token##*.}"
}

@test "token: times" {
	now=$(date +%s)
	refused_token token_expired "$(make_token "$user" '' -60)"
	refused_token token_not_yet "$(mint_token '{"alg":"HS256"}' \
		"{\"sub\":\"$user\",\"exp\":$((now + 900)),\"nbf\":$((now + 600))}")"
}

@test "token: claims" {
	exp=$(($(date +%s) + 60))
	for claims in '{"sub":"u"}' "{\"exp\":$exp}" "{\"sub\":\"\",\"exp\":$exp}" "{\"sub\":7,\"exp\":$exp}" \
		'{"sub":"u","exp":"soon"}' '{"sub":"u","exp":-1}' \
		"{\"sub\":\"a\\u0001b\",\"exp\":$exp}" "{\"sub\":\"$(printf 'u%.0s' {1..256})\",\"exp\":$exp}"; do
		refused_token token_claims "$(mint_token '{"alg":"HS256"}' "$claims")"
	done
}

@test "token: the user may be any text" {
	name='Zoë "日本" <x>&\n'
	TOKEN=$(make_token "$name")
	as_publisher POST / "$(user=$name; note)"
	expect_status 201
	api GET /
	expect '.notifications[0].userId == $name' --arg name "$name"
}

@test "a fault in the path or method is told before the token's" {
	TOKEN=
	api GET /x
	expect_error 404 not_found
	api PUT /
	expect_error 405 method_not_allowed
}

# Cookies and origins

@test "cookie: counts on an allowed origin, or on a GET of this very origin" {
	token=$TOKEN TOKEN=
	api GET /unread-count '' -H "Cookie: a=1; session=$token" -H 'Origin: https://app.example'
	expect_status 200
	api GET /unread-count '' -H "Cookie: session=$token" -H 'Sec-Fetch-Site: same-origin'
	expect_status 200
	api POST /seen '' -H "Cookie: session=$token" -H 'Origin: https://app.example'
	expect_status 200
	api POST /seen '' -H "Cookie: session=$token" -H 'Sec-Fetch-Site: same-origin'
	expect_error 401 token_missing
	api GET /unread-count '' -H "Cookie: session=$token"
	expect_error 401 token_missing
	api GET /unread-count '' -H "Cookie: session=$token" -H 'Sec-Fetch-Site: cross-site'
	expect_error 401 token_missing
	api POST /seen '' -H "Cookie: session=$token" -H 'Origin: https://evil.example'
	expect_error 401 token_missing
	api POST /seen '' -H "Cookie: session=$token" -H 'Origin: null'
	expect_error 401 token_missing
}

@test "cookie: an invalid one is no token, and the header goes before it" {
	token=$TOKEN TOKEN=
	api GET / '' -H 'Cookie: session=x' -H 'Origin: https://app.example'
	expect_error 401 token_missing
	api GET / '' -H "Cookie: sessions=$token" -H 'Origin: https://app.example'
	expect_error 401 token_missing
	TOKEN=x
	api GET / '' -H "Cookie: session=$token" -H 'Origin: https://app.example'
	expect_error 401 token_malformed
	TOKEN=$token
	api GET / '' -H 'Cookie: session=x' -H 'Origin: https://app.example'
	expect_status 200
}

@test "CORS: an allowed origin may read the answer, errors too" {
	for path in / /x; do
		api GET "$path" '' -H 'Origin: https://app.example'
		[ "$(header Access-Control-Allow-Origin)" = https://app.example ]
		[ "$(header Access-Control-Allow-Credentials)" = true ]
		[ "$(header Access-Control-Expose-Headers)" = 'ETag, Location, Retry-After, Idempotent-Replayed' ]
	done
}

@test "CORS: a bearer token needs no origin check, but others get no permission to read" {
	api GET / '' -H 'Origin: https://evil.example'
	expect_status 200
	refute header Access-Control-Allow-Origin
}

@test "CORS: preflight, without a token" {
	TOKEN=
	api OPTIONS / '' -H 'Origin: https://app.example' -H 'Access-Control-Request-Method: POST' \
		-H 'Access-Control-Request-Headers: authorization'
	expect_status 204
	[ -z "$body" ]
	[ "$(header Access-Control-Allow-Origin)" = https://app.example ]
	[ "$(header Access-Control-Allow-Methods)" = 'GET, HEAD, POST, DELETE, OPTIONS' ]
	[ "$(header Access-Control-Allow-Headers)" = 'Authorization, Content-Type, Idempotency-Key, If-None-Match' ]
	api OPTIONS / '' -H 'Origin: https://evil.example' -H 'Access-Control-Request-Method: POST'
	expect_error 403 forbidden
	refute header Access-Control-Allow-Origin
	api OPTIONS "/$no_such_id/read"
	expect_status 204
	[ "$(header Allow)" = 'PATCH, OPTIONS' ]
	refute header Access-Control-Allow-Origin
}

# The store's absence

@test "without the store: 503 with Retry-After, and all is well when it is back" {
	create "$user" >/dev/null
	stop_program stored
	api GET /
	expect_error 503 unavailable
	[ "$(header Retry-After)" -ge 1 ]
	[ "$(header Cache-Control)" = no-store ]
	as_publisher POST / "$(note)"
	expect_error 503 unavailable
	refute grep -F "$dir" <<<"$body"
	start_stored
	api GET /
	expect_status 200
	expect '.total == 1'
}

@test "a full disk: 507 and nothing changed; reads go on, and it heals" {
	id=$(create "$user")
	stop_program stored
	set_config store disk-reserve 1024G
	start_stored
	as_publisher POST / "$(note)"
	expect_error 507 storage_full
	api PATCH "/$id/read"
	expect_error 507 storage_full
	api GET /
	expect_status 200
	expect '.total == 1 and .unreadCount == 1'
	stop_program stored
	set_config store disk-reserve 1M
	start_stored
	as_publisher POST / "$(note)"
	expect_status 201
}
