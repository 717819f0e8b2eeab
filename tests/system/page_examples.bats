#!/usr/bin/env bats
# What the pages of the programs show is run as it stands there, each block before a running
# stack; which tests run the other pages says the table in pages.bats.

# Texts for jq stand in single quotes; variables come from common.bash, or are for what is run
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2154,SC2317
bats_require_minimum_version 1.5.0
load common
load cli

setup_file() {
	begin_tests
	start_stored
	start_pushd
	start_api
	start_status
	start_lighttpd
}

teardown_file() {
	end_tests
}

setup() {
	: >"$dir/played"
}

teardown() {
	stop_program stream
}

# Keys are in the directory of the test
here='s,/[^ ]*/\([a-z]*[.]\(pem\|secret\)\),'$dir'/\1,'

# play PAGE PATTERN: runs these, where a reader would; what they print is in $output. A line
# that begins with a brace is an answer.
play() {
	local block

	block=$(shown "$@")
	[ -n "$block" ] || fail_with "$1 shows nothing like $2"
	echo "$block" >>"$dir/played"
	output=$(
		curl() {
			if [ "$1" = -N ]; then # it goes on
				grep -m 1 '^event: unread_count' < <(command curl -sS --max-time 60 "$@" 3>&-)
			else
				command curl -sS --fail-with-body "$@"
			fi
		}
		cd "$dir"
		set -euo pipefail
		eval "$(sed "/^{/d; $here; s|https\?://example.org|$site|; s|http://localhost/|$site/|" <<<"$block")"
	)
}

# all_played PAGE [PATTERN]: nothing was left out
all_played() {
	diff <(shown "$@" | sort -u) <(sort -u "$dir/played")
}

# config_has PAGE PATTERN: it shows a configuration, which is accepted once it names a key
config_has() {
	shown "$@" | sed "$here" >"$dir/shown.conf"
	grep -q '^key-file' "$dir/shown.conf" || printf '[auth]\nkey-file = %s\n' "$key_file" >>"$dir/shown.conf"
	tidings config check --config "$dir/shown.conf"
}

# What PostgreSQL answers to the queries of the pages
psql() {
	local more=''

	[[ $2 != *createdAt* ]] ||
		more=', "read" : true, "createdAt" : "2026-01-02 03:04:05.678Z"'
	printf '{"userId" : "%s", "type" : "info", "title" : "From a table", "message" : "M"%s}\n' \
		"dora" "$more" "emil" "$more"
}

# titles USER: of all notifications, newest first
titles() {
	tidings list "$1" --json | jq -r '.notifications[].title' | paste -sd,
}

@test "tidings(1)" {
	local reason='No space left' number=2041

	play tidings.1 completion
	play tidings.1 'Report ready'
	play tidings.1 psql
	[ "$(titles dora),$(titles emil)" = 'From a table,From a table' ]
	play tidings.1 --unread
	jq -e '.[0] | .title == "Report ready" and .link == "/reports/7"' <<<"$output"
	play tidings.1 'New invoice'
	play tidings.1 'New invoice' # a second start
	[ "$(titles alice)" = 'New invoice,Report ready' ]
	play tidings.1 broadcast
	play tidings.1 'tidings token'
	jq -e '.unreadCount == 3' <<<"$output"
	stop_program stored
	sleep() { start_stored; }
	play tidings.1 until
	[ "$(tidings list ops --json | jq -r '.notifications[] | .title + ": " + .message')" = \
		'Backup failed: No space left' ]
	all_played tidings.1
}

@test "tidings(7)" {
	local token=$publisher_token

	PATH=$top_builddir/cli:$PATH in_background watch sh -c "exec $(shown tidings.7 'tidings watch')"
	shown tidings.7 'tidings watch' >>"$dir/played"
	grep -qm 1 '^TIME' <&"$feed"
	play tidings.7 'tidings send'
	play tidings.7 curl
	[ "$(titles alice | cut -d, -f 1,2)" = Hello,Hello ]
	grep -qm 1 alice <&"$feed"
	stop_program watch
	all_played tidings.7 '^[$#] '
}

@test "notifications.fcgi(8)" {
	local TOKEN ID

	TOKEN=$(tidings key add orders)
	play notifications.fcgi.8 'key add'
	[ "$(titles alice | cut -d, -f 1)" = Hello ]
	play notifications.fcgi.8 order-4711
	play notifications.fcgi.8 order-4711
	[ "$(titles bob)" = Sent ]
	ID=$(create sales/emea)
	play notifications.fcgi.8 DELETE
	[ "$(titles sales/emea)" = '' ]
	all_played notifications.fcgi.8
}

@test "status.fcgi(8)" {
	play status.fcgi.8 curl
	[[ $output =~ ^[0-9]+$ ]]
	config_has status.fcgi.8 '^\[status\]'
}

# kinds: a text without the ids, numbers and plurals that differ from time to time
kinds() {
	sed -E 's/[0-9a-f]{8}-[0-9a-f-]{27}/ID/; s/[0-9]+/N/g; s/s\>//g'
}

@test "tidings-pushd(8): an event is as it shows one" {
	local TOKEN

	TOKEN=$(make_token zoe)
	in_background stream curl -sSN -H "Authorization: Bearer $TOKEN" "$url/stream"
	diff <(sed '/^event: unread_count/,/^data/!d; /^data/q' <&"$feed" | kinds) \
		<(shown tidings-pushd.8 | kinds)
}

@test "tidings-stored(8): a check says what it shows" {
	stop_program stored
	"$top_builddir/stored/tidings-stored" --check "$dir/home" >"$dir/said"
	start_stored
	diff <(kinds <"$dir/said") <(shown tidings-stored.8 | paste -sd' ' | kinds)
}

@test "tidings.conf(5)" {
	config_has tidings.conf.5 durability
	openssl genrsa 2>"$dir/ignored" | openssl rsa -pubout -out "$dir/provider.pem" 2>"$dir/ignored"
	config_has tidings.conf.5 RS256
}

@test "tidings-away(8): configurations, and the secret as the receivers take it" {
	openssl rand -base64 48 >"$dir/away.secret"
	config_has tidings-away.8 'types ='
	config_has tidings-away.8 'url ='
	play tidings-away.8 whsec
	[ "$(base64 -d <<<"${output#whsec_}")" = "$(cat "$dir/away.secret")" ]
}

@test "tidings-webserver(7): a configuration, and whether it works" {
	config_has tidings-webserver.7 ES256
	play tidings-webserver.7 healthz
	[ "${output%%\}*}}" = "$(shown tidings-webserver.7 healthz | grep '^{')" ]
	grep -q '"unreadCount":' <<<"$output"
	grep -q 'event: unread_count$' <<<"$output"
}

@test "tidings-admin(8)" {
	local id

	need xz xz-utils
	ssh() { "${@:2}"; }
	id=$(shown tidings-admin.8 withdraw | grep -oE '[0-9a-f]{8}-[0-9a-f-]{27}')
	line_for alice 'A mistake' "\"id\":\"$id\"" | tidings import
	play tidings-admin.8 'xz'
	xz -dc "$dir"/tidings-2*.json.xz | grep -q '"A mistake"'
	play tidings-admin.8 'ssh'
	play tidings-admin.8 psql
	tidings list emil --json | jq -e 'any(.notifications[]; .readAt == "2026-01-02T03:04:05.678Z")'
	play tidings-admin.8 withdraw
	refute grep -q 'A mistake' <(tidings list alice)
	in_background stream curl -sSN -H "Authorization: Bearer $(make_token alice)" "$url/stream"
	grep -qm 1 '^event: unread_count' <&"$feed"
	play tidings-admin.8 connections
	grep -x ' *1 alice' <<<"$output"
	play tidings-admin.8 disconnect
	grep -q '"disconnected"' <&"$feed"
	all_played tidings-admin.8 '^[$] '
}
