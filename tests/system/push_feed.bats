# tidings-pushd and the log of the store: whatever befalls it, nobody is left with what is no
# longer so.
bats_require_minimum_version 1.5.0
load common
load cli
load push/drive

setup() {
	begin_tests
	set_config store max-per-user 0
}

teardown() {
	end_tests
}

# start_flushed: a store whose files are kept as of their last flush in $dir/shadow
start_flushed() {
	mkdir "$dir/shadow"
	FLUSHED_HOME=$dir/home FLUSHED_SHADOW=$dir/shadow \
		ASAN_OPTIONS=${ASAN_OPTIONS-verify_asan_link_order=0} \
		start_program stored env LD_PRELOAD="$top_builddir/tests/crash/flushed.so" \
		"$top_builddir/stored/tidings-stored" --config "$TIDINGS_CONFIG"
}

# start_pushd_by COMMAND...: pushd, run by a program that takes something from it
start_pushd_by() {
	command -v "$1" >/dev/null || {
		[ "${CI-}" != true ] || return 1
		skip "$1 is not installed"
	}
	start_program pushd "$@" "$top_builddir/pushd/tidings-pushd" --config "$TIDINGS_CONFIG"
}

@test "more events than inotify keeps: no change is lost" {
	start_stored
	start_pushd
	scenario feed overflow
}

@test "the store is stopped, killed and started ten times: no change is lost, no reset" {
	start_stored
	start_pushd
	scenario feed store_restarts
}

@test "a backup takes the store's place: every client is told to fetch anew, once" {
	start_stored
	start_pushd
	scenario feed store_restored
}

@test "a power cut takes what clients have seen: every client is told to fetch anew" {
	start_flushed
	start_pushd
	scenario feed power_cut
}

@test "a power cut takes the daemon, too: whoever returns is told to fetch anew" {
	start_flushed
	start_pushd
	scenario feed power_cut_for_both
}

@test "the directory of the log is moved" {
	start_stored
	start_pushd
	scenario feed directory_moved
}

@test "a damaged record amid the log is found, and every client is told to fetch anew" {
	start_stored
	start_pushd
	scenario feed record_damaged
}

@test "a log that may not be read for a while ends nothing" {
	[ "$(id -u)" = 0 ] || skip 'only root can take the right to read from pushd alone'
	start_stored
	start_pushd_by setpriv --bounding-set -dac_override,-dac_read_search
	scenario feed unreadable
}

@test "as many clients as there are descriptors: the log and the store are still read" {
	start_stored
	start_pushd_by prlimit --nofile=64:64
	scenario feed descriptors
}

@test "far behind the store: whoever comes is served, and all is told" {
	start_stored
	start_pushd
	scenario feed far_behind
}

@test "killed under load while all return at once: each gets exactly what it missed" {
	start_stored
	start_pushd
	scenario feed killed_under_load
}
