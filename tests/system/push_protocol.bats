# tidings-pushd: what tidings-protocol(7) shows, and what a client is told rarely; see
# push/protocol.mjs.
bats_require_minimum_version 1.5.0
load common
load push/drive

# For all of them: the recording of a file is begun once
setup_file() {
	begin_tests
	record_traffic
}

teardown_file() {
	end_tests
}

setup() {
	set_config store disk-reserve 1M
	start_stored
	start_pushd
}

teardown() {
	stop_program pushd
	stop_program stored
}

@test "the conversation of tidings-protocol(7)" {
	scenario protocol conversation
}

@test "a publisher key is no token" {
	scenario protocol publisher_key
}

@test "a full disk is an error" {
	scenario protocol disk_is_full
}

@test "a ninth request under way is an error" {
	scenario protocol too_many_requests
}

@test "who is given up but reads on: 1013, unavailable" {
	pushd_with stalling push stall-timeout 1 push ping-interval 300
	stalling=$dir/stalling.sock scenario protocol stalled
	stop_program stalling
}

@test "the end of the server: 1001, going_away" {
	scenario protocol server_stops
}
