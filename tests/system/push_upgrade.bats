# tidings-pushd becomes another program, on SIGUSR2: no client notices.
bats_require_minimum_version 1.5.0
load common
load cli
load push/drive

# Programs of its own for each test: they end with the shell that starts them
setup() {
	begin_tests
	set_config store max-per-user 0
	set_config push max-connections-per-user 50
	export real=$top_builddir/pushd/tidings-pushd program=$dir/tidings-pushd
	put_program
	start_stored
}

teardown() {
	end_tests
}

# The program whose place another takes: one that can be replaced
start_replaceable() {
	start_program pushd "$@" "$program" --config "$TIDINGS_CONFIG"
}

# put_file: standard input becomes the program, in one step
put_file() {
	cat >"$program.new"
	chmod +x "$program.new"
	mv "$program.new" "$program"
}

put_program() {
	put_file <"$real"
}

# put_script LINE
put_script() {
	printf '#!/bin/sh\n%s\n' "$1" | put_file
}

# put_skewing BYTES OFFSET: the program, but these bytes of the state are other ones
# shellcheck disable=SC2016 # they are the script's
put_skewing() {
	put_script 'printf "'"$1"'" | dd of="/proc/self/fd/${1#*=}" bs=1 seek='"$2"' conv=notrunc 2>/dev/null
		exec "$real" "$@"'
}

# install_version N: in a directory of its own, which a link names
install_version() {
	mkdir "$dir/version-$1"
	cp "$real" "$dir/version-$1/tidings-pushd"
	ln -sfn "version-$1" "$dir/current"
}

# stop_well NAME: by SIGTERM, and its exit status is 0
stop_well() {
	local pid

	pid=$(cat "$dir/pids/$1")
	stop_program "$1" && wait "$pid"
}

@test "clients in every state go on as if nothing had been" {
	start_replaceable
	scenario in_place every_state
}

@test "changes during eight upgrades: no gap, nothing twice, nobody disconnected" {
	# On a busy machine a client may read late, which is not what is looked at here
	set_config push send-queue 16M
	start_replaceable
	scenario in_place stream
}

@test "without the store: nobody is waited for, and nobody forgotten" {
	start_replaceable
	scenario in_place store_is_away
}

@test "upgraded again and again: nothing is left over, and signals mean what they meant" {
	start_replaceable
	scenario in_place again_and_again
}

@test "the control socket is there again, and goes in the end" {
	start_replaceable
	scenario in_place controlled
}

@test "the watchdog is there again" {
	start_replaceable env WATCHDOG_USEC=20000000
	scenario in_place watchdog
}

@test "a program that fails its check, or is none: the old one goes on and says why" {
	start_replaceable
	scenario in_place unfit
}

@test "a state of another version, or a damaged one, is refused before anything happens" {
	start_replaceable
	scenario in_place skew
}

@test "a second signal during the check is no second check, and SIGTERM ends both" {
	start_replaceable
	scenario in_place ended_amid_check
}

@test "a link to the program is followed anew" {
	install_version 1
	start_program pushd "$dir/current/tidings-pushd" --config "$TIDINGS_CONFIG"
	scenario in_place linked
}

@test "a program that was found in PATH stays at its place" {
	PATH=$dir:$PATH start_program pushd tidings-pushd --config "$TIDINGS_CONFIG"
	scenario in_place by_name
}

@test "with sockets handed over by systemd" {
	activate_program pushd "$dir/push.sock" "$program" --config "$TIDINGS_CONFIG"
	scenario in_place activated
}

@test "the new program's keys hold for those who are there" {
	start_replaceable
	scenario in_place other_keys
}
