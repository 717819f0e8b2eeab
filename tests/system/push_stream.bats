# tidings-pushd: server-sent events.
bats_require_minimum_version 1.5.0
load common
load cli
load push/drive

# One of these for each scenario that needs settings of its own
setup_file() {
	begin_tests
	record_traffic
	start_stored
	set_config push max-connections-per-user 3
	start_pushd
	pushd_with query auth query-token yes
	pushd_with cookie auth cookie session web allowed-origins 'https://app.example.test, https://two.example.test'
	pushd_with refusing push when-full refuse-newest
	pushd_with lively push ping-interval 1
	pushd_with slow push stall-timeout 300
	pushd_with stalling push stall-timeout 1 push ping-interval 300
	export query=$dir/query.sock cookie=$dir/cookie.sock refusing=$dir/refusing.sock
	export lively=$dir/lively.sock slow=$dir/slow.sock stalling=$dir/stalling.sock
	start_lighttpd
}

teardown_file() {
	end_tests
}

@test "a stream is an HTTP answer that goes on, for HTTP/1.1 and 1.0" {
	scenario stream answer
}

@test "no token, and each bad one, is refused with its code" {
	scenario stream bad_tokens
}

@test "a token in the query counts only where query-token is yes" {
	scenario stream by_query
}

@test "a cookie counts with an allowed origin, or where the browser says it is the same" {
	scenario stream by_cookie
}

@test "another method is 405, another media type 406, an upgrade 400, another path 404" {
	scenario stream not_a_stream
}

@test "pages of allowed origins may read it, and what refuses them" {
	scenario stream cross_origin
}

@test "a stream tells what a WebSocket tells" {
	scenario stream messages
}

@test "an event stays one, whatever line ends a publisher has sent" {
	scenario stream lines
}

@test "a broadcast reaches sessions of both kinds, with the counts of each" {
	scenario stream broadcast
}

@test "Last-Event-ID resumes, before the query; a strange one begins with a reset" {
	scenario stream resume
}

@test "a client that does not read gets one update in the end" {
	scenario stream never_reads
}

@test "one that takes nothing for stall-timeout is given up" {
	scenario stream stalls
}

@test "a comment is the heartbeat, whatever the client says" {
	activate_program lively_port port "$top_builddir/pushd/tidings-pushd" \
		--config "$(without_control "$dir/lively.conf")"
	lively_port=$port scenario stream heartbeat
	stop_program lively_port
}

@test "the stream ends when the token does, after a warning" {
	scenario stream token_ends
}

@test "forgotten, tokens revoked: an error says which, and coming back takes long" {
	scenario stream dismissed
}

@test "one connection too many of a user, of whatever kind" {
	scenario stream too_many
}

@test "through lighttpd it comes at once" {
	scenario stream through_a_web_server
}
