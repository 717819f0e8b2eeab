# tidings-pushd while programs end and come back: nobody misses anything.
bats_require_minimum_version 1.5.0
load common
load cli
load push/drive

# Programs of its own for each test: they end with the shell that starts them
setup() {
	begin_tests
	set_config store max-per-user 0
	start_stored
}

teardown() {
	end_tests
}

# stop_well NAME: by SIGTERM, and its exit status is 0
stop_well() {
	local pid

	pid=$(cat "$dir/pids/$1")
	stop_program "$1" && wait "$pid"
}

@test "the store is killed ten times: nothing lost, nothing twice, no reset" {
	start_pushd
	scenario restart store_killed
}

@test "questions and logins while the store is away are answered when it is back" {
	start_pushd
	scenario restart asked_meanwhile
}

@test "a new epoch of the store resets every client, once" {
	start_pushd
	scenario restart new_epoch
}

@test "pushd starts without a store: clients are greeted once there is one" {
	stop_program stored
	start_pushd
	scenario restart store_comes_later
}

@test "the log rolls over: no gap" {
	start_pushd
	scenario restart log_rolls_over
}

@test "a log that is removed unread resets every client" {
	stop_program stored
	set_config store log-keep-hours 0
	start_stored
	start_pushd
	scenario restart log_is_lost
}

@test "SIGTERM: 1001 with a time to come back, exit 0" {
	start_pushd
	scenario restart stopped
}

@test "SIGTERM amid everything that can be under way: exit 0 in time" {
	start_pushd
	scenario restart stopped_amid
}

@test "clients that vanish while the store does not answer" {
	start_pushd
	scenario restart vanishing
}

@test "pushd is killed: whoever returns gets exactly what it missed" {
	start_pushd
	scenario restart push_killed
}

@test "a stream of events that comes back goes on where it was, however often" {
	start_pushd
	scenario stream comes_back
}

@test "SIGTERM: streams are told when to come back" {
	start_pushd
	scenario stream going_away
}

@test "a second pushd on the same socket is refused" {
	start_pushd
	scenario restart second_instance
}

@test "the store is killed amid broadcasts: nothing lost, nothing twice" {
	start_pushd
	scenario broadcast store_killed
}

@test "a store that refuses this program's user: said once, tried again" {
	scenario dismiss refused_by_the_store
}
