# tidings-pushd's control socket: who may ask, what it tells, what it does, and that nothing which
# happens there costs a client anything.
bats_require_minimum_version 1.5.0
load common
load cli
load push/drive

setup_file() {
	begin_tests
	record_traffic
	set_config store api-users 64002
	start_stored
	start_pushd
	pushd_with tiny push max-connections 5 push max-connections-per-user 5
	export tiny=$dir/tiny.sock control=$dir/push-control.sock
}

teardown_file() {
	end_tests
}

pushd=$top_builddir/pushd/tidings-pushd

# scenario_as UID NAME: as a user who has no group of ours
scenario_as() {
	local -a as=(setpriv --reuid "$1" --regid "$1" --clear-groups)
	local run=$BATS_TEST_DIRNAME/push/run.mjs
	local -x recording='' # they could not write there

	[ "$(id -u)" = 0 ] && "${as[@]}" true || skip 'this takes root'
	"${as[@]}" test -r "$run" || skip 'the tests are out of the reach of others'
	command -v node >/dev/null || skip 'node is not installed'
	chmod 711 "$dir"
	echo 'no key is needed' >"$dir/no.key"
	"${as[@]}" env key_file="$dir/no.key" node "$run" control "$2" </dev/null
}

@test "a pushd that has just begun has counted nothing" {
	scenario control begins_with_nothing
}

@test "connections, messages, changes, their way, and ends by their code are counted" {
	scenario control counts_what_happens
}

@test "refusals are counted by their reason" {
	scenario control counts_refusals
}

@test "those there is no room for are counted, too" {
	scenario control counts_the_full
}

@test "connections are told page by page, of all or of one user" {
	scenario control lists_connections
}

@test "a user's connections, or all, are ended with 4403, and can come again" {
	scenario control disconnects
}

@test "the log level is changed while it runs" {
	scenario control sets_the_log_level
}

@test "garbage, endless lines and peers that do not read cost neither clients nor other peers" {
	scenario control garbage_and_slow_peers
}

@test "somebody without a right is told so, whatever is asked" {
	scenario_as 64001 as_stranger
}

@test "api-users may ask for statistics and end one user's connections, and no more" {
	scenario_as 64002 as_api_user
}

@test "everybody may connect to it, and it is gone when pushd is" {
	pushd_with passing
	[ "$(stat -c '%a %F' "$dir/passing-control.sock")" = '666 socket' ]
	stop_program passing
	[ ! -e "$dir/passing-control.sock" ]
}

@test "one that a killed pushd has left is replaced" {
	pushd_with killed
	kill_program killed
	[ -S "$dir/killed-control.sock" ]
	pushd_with killed
	control=$dir/killed-control.sock scenario control begins_with_nothing
	stop_program killed
}

@test "a second pushd with the same control socket is refused, and the first goes on" {
	run -1 timeout 20 "$pushd" --config "$TIDINGS_CONFIG" --listen "$dir/second.sock"
	[[ "$output" == *"another one listens on the control socket $control"* ]]
	[ -S "$control" ]
	scenario control sets_the_log_level
}

@test "where it cannot be made pushd says why, and does not start" {
	sed "s|^control = .*|control = $dir/missing/control.sock|" "$TIDINGS_CONFIG" >"$dir/missing.conf"
	run -1 timeout 20 "$pushd" --config "$dir/missing.conf" --listen "$dir/second.sock"
	[[ "$output" == *"cannot make the control socket $dir/missing/control.sock: No such file or directory"* ]]
	echo precious >"$dir/file"
	sed "s|^control = .*|control = $dir/file|" "$TIDINGS_CONFIG" >"$dir/missing.conf"
	run -1 timeout 20 "$pushd" --config "$dir/missing.conf" --listen "$dir/second.sock"
	[[ "$output" == *"cannot make the control socket $dir/file: File exists"* ]]
	[ "$(cat "$dir/file")" = precious ]
}

@test "systemd may hand it over, beside those of clients, and keeps it" {
	activate_program given "$dir/given.sock,control=$dir/given-control.sock" \
		"$pushd" --config "$TIDINGS_CONFIG"
	given=$dir/given.sock control=$dir/given-control.sock scenario control counts_itself
	stop_program given
	[ -S "$dir/given-control.sock" ]
	[ -S "$control" ]
}

@test "an empty path means none" {
	pushd_with without push control ""
	[ ! -e "$dir/without-control.sock" ]
	stop_program without
}
