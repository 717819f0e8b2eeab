#!/usr/bin/env bats
# The REST requests about the whole: statistics, disconnecting, and health, with the store and
# the push daemon there or not; through lighttpd.

# In single quotes stand texts for jq; variables come from common.bash, and go there
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2154
bats_require_minimum_version 1.5.0
load common
load rest
load push/drive

# A test ends with both running, unless it failed
with_all() {
	[ -e "$dir/pids/stored" ] || start_stored
	[ -e "$dir/pids/pushd" ] || start_pushd
}

# Until a worker that has read the configuration answers so; they are replaced one by one
await_status() {
	local i

	for i in $(seq 500); do
		"${@:2}"
		[ "$status" != "$1" ] || return 0
	done
	fail_with "never $1"
}

# Statistics

@test "stats: version, push daemon and store" {
	with_all
	create "$user" >/dev/null
	as_admin GET /stats
	expect_status 200
	expect 'keys == ["push", "store", "version"] and (.version | type == "string")'
	expect '.push.version == .version and .store.version == .version'
	expect '.push.connections.open >= 0 and .store.notifications.created >= 1'
	expect '.store.epoch == .push.epoch'
	[ "$(header Cache-Control)" = no-store ]
	as_admin HEAD /stats
	expect_status 200
}

@test "stats: one that is away is null, without both it is 503" {
	with_all
	stop_program pushd
	as_admin GET /stats
	expect_status 200
	expect '.push == null and .store.uptime >= 0 and .version'
	stop_program stored
	as_admin GET /stats
	expect_error 503 unavailable
	header Retry-After
	start_pushd
	as_admin GET /stats
	expect_status 200
	expect '.store == null and .push.uptime >= 0 and .version'
	[ -z "$(header Retry-After || true)" ]
	start_stored
}

@test "stats and disconnect: their rights, methods, parameters and bodies" {
	with_all
	while read -r method path other text; do
		TOKEN='' api "$method" "$path" "${text-}"
		expect_error 401 token_missing
		api "$method" "$path" "${text-}"
		expect_error 403 forbidden
		as_publisher "$method" "$path" "${text-}"
		expect_error 403 forbidden
		expect '.error | contains("admin")'
		as_admin "$method" "$path?a=b" "${text-}"
		expect_error 400 invalid_request
		as_admin "$other" "$path"
		expect_error 405 method_not_allowed
	done <<-TABLE
		GET /stats POST
		POST /disconnect GET {"userId":"$user"}
	TABLE
}

@test "an administrator whose token was revoked learns nothing and ends nothing" {
	with_all
	TOKEN=$(make_token "$user-boss" admin)
	"$top_builddir/cli/tidings" disconnect "$user-boss" --revoke
	hold "$user" 1
	api GET /stats
	expect_error 401 token_revoked
	api POST /disconnect "{\"userId\":\"$user\"}"
	expect_error 401 token_revoked
	api POST /disconnect "{\"userId\":\"$user\",\"revoke\":true}"
	expect_error 401 token_revoked
	as "$user" GET /
	expect_status 200
	as_admin POST /disconnect "{\"userId\":\"$user\"}"
	expect '. == {count: 1}' # it was still there
	release
}

# Disconnecting

@test "disconnect: closes with 4403 and counts; the token is still good" {
	with_all
	hold "$user" 3
	as_admin POST /disconnect "{\"userId\":\"$user\"}"
	expect_status 200
	expect '. == {count: 3}'
	expect_ends 3 '4403 disconnected'
	release
	hold "$user" 1
	as_admin POST /disconnect "{\"userId\":\"$user-nobody\",\"revoke\":false}"
	expect '. == {count: 0}'
	as_admin POST /disconnect "{\"userId\":\"$user\"}"
	expect '. == {count: 1}'
	expect_ends 1 '4403 disconnected'
	release
}

@test "disconnect: with revoke it counts, too, and tokens of before are refused" {
	with_all
	hold "$user" 2
	as_admin POST /disconnect "{\"userId\":\"$user\",\"revoke\":true}"
	expect_status 200
	expect '. == {count: 2}'
	expect_ends 2 '4403 disconnected'
	release
	api GET /
	expect_error 401 token_revoked
	as_admin POST /disconnect "{\"userId\":\"$user\",\"revoke\":true}"
	expect '. == {count: 0}'
}

@test "disconnect: any name that is valid" {
	with_all
	for name in "$user \"q\\u\\\\\"" "$user/Zoë 日本" "$(printf 'ü%.0s' {1..127})"; do
		hold "$name" 1
		as_admin POST /disconnect "$(jq -cn --arg name "$name" '{userId: $name}')"
		expect '. == {count: 1}'
		expect_ends 1 '4403 disconnected'
		release
	done
}

@test "disconnect: a wrong body is told, member by member, and ends nothing" {
	with_all
	hold "$user" 1
	while IFS=$'\t' read -r field text; do
		as_admin POST /disconnect "$text"
		expect_error 400 invalid_request
		expect '[.details[].field] == ($field | split(" "))' --arg field "$field"
	done <<-TABLE
		userId	{}
		userId	{"userId":null}
		userId	{"userId":7}
		userId	{"userId":""}
		userId	{"userId":"a\\nb"}
		userId	{"userId":"$(printf 'u%.0s' {1..256})"}
		revoke	{"userId":"$user","revoke":1}
		revoke	{"userId":"$user","revoke":"true"}
		revoke	{"userId":"$user","revoke":null}
		user	{"userId":"$user","user":"$user"}
		all	{"userId":"$user","all":true}
		revoke userId	{"revoke":1}
	TABLE
	for text in '[]' '"x"' null "{\"userId\":\"$user\"" "{\"userId\":\"$user\",\"userId\":\"$user\"}" x; do
		as_admin POST /disconnect "$text"
		expect_error 400 invalid_request
		expect '.details | length == 1'
	done
	as_admin POST /disconnect ''
	expect_error 415 unsupported_media_type
	as_admin POST /disconnect "{\"userId\":\"$user\"}" -H 'Content-Type: text/plain'
	expect_error 415 unsupported_media_type
	as_admin POST /disconnect "{\"userId\":\"$(printf 'u%.0s' {1..2000})\"}"
	expect_error 413 too_large
	as_admin POST /disconnect "{\"userId\":\"$user\"}"
	expect '. == {count: 1}'
	release
}

@test "disconnect: without the push daemon 503; but tokens are revoked, and nobody knows how many" {
	with_all
	stop_program pushd
	as_admin POST /disconnect "{\"userId\":\"$user\"}"
	expect_error 503 unavailable
	expect '.error | contains("push daemon")'
	api GET /
	expect_status 200
	as_admin POST /disconnect "{\"userId\":\"$user\",\"revoke\":true}"
	expect_status 200
	expect '. == {count: null}'
	api GET /
	expect_error 401 token_revoked
	start_pushd
}

@test "disconnect: one that stands still closes what is open when it goes on" {
	with_all
	hold "$user" 2
	kill -STOP "$(cat "$dir/pids/pushd")"
	as_admin POST /disconnect "{\"userId\":\"$user\",\"revoke\":true}"
	kill -CONT "$(cat "$dir/pids/pushd")"
	expect_status 200
	expect '. == {count: null}'
	for _ in 1 2; do # by the request, or by the revocation
		IFS= read -r -t 60 -u "$held" output
		[[ $output == 4403\ * ]]
	done
	release
}

@test "disconnect: without the store 503, and nothing is ended" {
	with_all
	hold "$user" 1
	stop_program stored
	for more in '' ',"revoke":true'; do
		as_admin POST /disconnect "{\"userId\":\"$user\"$more}"
		expect_error 503 unavailable
		expect '.error | contains("store")'
	done
	start_stored
	as_admin POST /disconnect "{\"userId\":\"$user\"}"
	expect '. == {count: 1}'
	release
}

# Health

@test "healthz: without a token; names which one is away" {
	with_all
	TOKEN=
	api GET /healthz
	expect_status 200
	expect '. == {status: "ok"}'
	api HEAD /healthz
	expect_status 200
	stop_program pushd
	api GET /healthz
	expect_error 503 unavailable
	expect '.error | contains("push daemon")'
	header Retry-After
	stop_program stored
	api GET /healthz
	expect_error 503 unavailable
	expect '.error | contains("store")'
	start_pushd
	api GET /healthz
	expect_error 503 unavailable
	expect '.error | contains("store")'
	start_stored
	api GET /healthz
	expect_status 200
}

@test "healthz: a push daemon that stands still does not answer" {
	with_all
	kill -STOP "$(cat "$dir/pids/pushd")"
	api GET /healthz
	kill -CONT "$(cat "$dir/pids/pushd")"
	expect_error 503 unavailable
	expect '.error | contains("push daemon")'
	api GET /healthz
	expect_status 200
}

@test "without a control socket the push daemon is not looked at" {
	with_all
	stop_program pushd
	set_config push control ''
	kill -HUP "$(cat "$dir/pids/api")"
	await_status 200 api GET /healthz
	as_admin GET /stats
	expect_status 200
	expect '.push == null and .store'
	as_admin POST /disconnect "{\"userId\":\"$user\"}"
	expect_error 503 unavailable
	set_config push control "$dir/push-control.sock"
	kill -HUP "$(cat "$dir/pids/api")"
	await_status 503 api GET /healthz
	start_pushd
}
