# tidings-pushd: who is let in, what a session is told, and what a client may ask.
bats_require_minimum_version 1.5.0
load common
load cli
load push/drive

setup_file() {
	begin_tests
	record_traffic
	set_config push max-messages-per-second 1000
	start_stored
	start_pushd
	pushd_with query auth query-token yes
	pushd_with cookie auth cookie session web allowed-origins 'https://app.example.test, https://two.example.test'
	pushd_with brief push auth-timeout 1
	export query=$dir/query.sock cookie=$dir/cookie.sock brief=$dir/brief.sock
}

teardown_file() {
	end_tests
}

@test "a token comes by the Authorization header" {
	scenario upgrade by_header
}

@test "a token comes by the subprotocol pair, and the answer names tidings.v1 alone" {
	scenario upgrade by_subprotocol
}

@test "a token comes by the first message" {
	scenario upgrade by_first_message
}

@test "a token in the query counts only where query-token is yes" {
	scenario upgrade by_query
}

@test "a cookie counts only with an allowed origin; a stale one is none" {
	scenario upgrade by_cookie
}

@test "an origin outside the list is refused, with whatever token" {
	scenario upgrade origins
}

@test "each bad token is refused with its code: 401 before the socket, 4401 after it" {
	scenario upgrade bad_tokens
}

@test "an unknown path is 404, another method 405, no upgrade 426" {
	scenario upgrade not_an_upgrade
}

@test "an upgrade that breaks a rule is refused with the status that belongs to it" {
	scenario upgrade bad_upgrades
}

@test "a head without an end is refused once it is too large" {
	scenario upgrade endless_head
}

@test "a head in pieces is one head, and what lies behind it is frames" {
	scenario upgrade head_in_pieces
}

@test "a slow head is answered 408 at auth-timeout" {
	scenario upgrade slow_head
}

@test "no auth in time closes with 4408, pings or not" {
	scenario upgrade no_auth_in_time
}

@test "before auth anything else is an error and 4401" {
	scenario upgrade before_auth
}

@test "connected tells epoch and expiry, unread_count the counts" {
	scenario upgrade greeting
}

@test "a client that hangs up without a word is noticed at once" {
	scenario upgrade hang_up
}

@test "sessions over TCP, by a socket that was handed over" {
	activate_program tcp port "$top_builddir/pushd/tidings-pushd" \
		--config "$(without_control "$TIDINGS_CONFIG")"
	tcp=$port scenario upgrade by_tcp
}

@test "four notifications arrive at every session of the user, and a mark by one at the others" {
	scenario messages four_notifications
}

@test "every kind of change is told to every session, in order, and one that is none is not" {
	scenario messages every_change
}

@test "an update bears the newest five" {
	scenario messages latest_five
}

@test "fetch_notifications: limit, unread, cursor" {
	scenario messages fetching
}

@test "fetch_notifications cuts a page to what the send queue holds" {
	scenario messages fetching_large_ones
}

@test "mark_read: once, idempotent, not another user's" {
	scenario messages marking
}

@test "unread_count, seen and ping are answered" {
	scenario messages counting
}

@test "what is not understood is an error, and the connection stays" {
	scenario messages not_understood
}

@test "a second auth renews; of another user 4403, wrong 4401" {
	scenario messages renewal
}

@test "a session is warned of its token's end and ends with it, unless renewed" {
	scenario messages token_ends
}

@test "so does one with a token of tidings token --expires-in" {
	scenario messages token_of_the_tool
}

@test "a renewal by a short token is warned of again" {
	scenario messages warned_again
}

@test "500 changes at once reach 30 sessions of 10 users, complete and in order" {
	scenario messages many_at_once
}

@test "sessions that come and go amid changes never miss one" {
	scenario messages coming_and_going
}

@test "resume: nothing was missed, nothing comes" {
	scenario resume nothing_missed
}

@test "resume: each missed change in order, from wherever the client left off" {
	scenario resume mixed_changes
}

@test "resume: live changes follow the missed ones without a gap" {
	scenario resume live_behind_missed
}

@test "resume: 100 missed are told, 101 are a reset" {
	scenario resume too_many_missed
}

@test "resume: 100 of the largest" {
	scenario resume large_ones_missed
}

@test "resume: ahead of the store, or from another epoch, is a reset" {
	scenario resume ahead_or_elsewhere
}

@test "resume: since and epoch in the query are checked" {
	scenario resume malformed
}

@test "resume: several sessions of a user at once, each from its own place" {
	scenario resume together
}

@test "frames that break the protocol end the connection with the code for it" {
	scenario frames violations
}

@test "a message above max-message is 1009, by its header alone" {
	scenario frames too_big
}

@test "fragments, pings between them, single octets: the same messages" {
	scenario frames fragments
}

@test "a client's pings are answered" {
	scenario frames pings
}

@test "a close frame comes back, and ends the connection" {
	scenario frames closing
}

@test "whoever has closed is gone" {
	scenario frames closed_is_gone
}

@test "garbage ends its own connection and no other" {
	scenario frames garbage
}
