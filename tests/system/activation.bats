#!/usr/bin/env bats
# The daemons with sockets that they are given, as by systemd: they serve those, and
# what was sent before they were there is answered once they are.

bats_require_minimum_version 1.5.0

load common

setup() { begin_tests; }
teardown() { end_tests; }

tidings=$top_builddir/cli/tidings

@test "tidings-stored serves the socket that it is given" {
	activate_program stored "$dir/store.sock" \
		"$top_builddir/stored/tidings-stored" --config "$TIDINGS_CONFIG"
	"$tidings" send anna Title Message
	[ "$("$tidings" count anna --json | jq .unreadCount)" = 1 ]
}

@test "tidings-pushd serves sockets that it is given, on unix and TCP" {
	start_stored
	set_config push listen ""
	activate_program pushd "$dir/push.sock" \
		"$top_builddir/pushd/tidings-pushd" --config "$TIDINGS_CONFIG"
	run -0 curl -sS -o /dev/null -w '%{http_code}' --unix-socket "$dir/push.sock" \
		http://localhost/api/notifications/ws
	[ "$output" = 426 ]
	set_config push control ""
	activate_program pushd2 port \
		"$top_builddir/pushd/tidings-pushd" --config "$TIDINGS_CONFIG"
	run -0 curl -sS -o /dev/null -w '%{http_code}' "http://127.0.0.1:$port/api/notifications/ws"
	[ "$output" = 426 ]
}

@test "tidings-pushd without any socket says so" {
	start_stored
	set_config push listen ""
	run -1 "$top_builddir/pushd/tidings-pushd" --config "$TIDINGS_CONFIG"
	[[ "$output" == *"nothing to listen on"* ]]
}

@test "notifications.fcgi serves the socket that it is given" {
	start_stored
	activate_program api "$dir/api.sock" \
		"$top_builddir/cgi/notifications.fcgi" --config "$TIDINGS_CONFIG"
	start_lighttpd
	TOKEN=$(make_token anna) api GET /unread-count
	expect_status 200
}

@test "a second tidings-stored on the same home is refused, and the first goes on" {
	start_stored
	run -1 "$top_builddir/stored/tidings-stored" --config "$TIDINGS_CONFIG" \
		--listen "$dir/other.sock"
	[[ "$output" == *"another tidings-stored has it open"* ]]
	"$tidings" send anna Title Message
}

@test "wrong usage ends with 2 and says what is wrong" {
	for program in stored/tidings-stored pushd/tidings-pushd; do
		run -2 "$top_builddir/$program" --no-such-option
		[[ "$output" == *"--no-such-option"* ]]
		run -2 "$top_builddir/$program" --log-level loud
		[[ "$output" == *"loud is not a level"* ]]
		run -1 "$top_builddir/$program" --config "$dir/missing.conf"
		[[ "$output" == *"missing.conf"* ]]
		run -0 "$top_builddir/$program" --version
		run -0 "$top_builddir/$program" --help
	done
}
