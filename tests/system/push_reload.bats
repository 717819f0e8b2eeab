# tidings-pushd reads its configuration and its keys anew, on SIGHUP.
bats_require_minimum_version 1.5.0
load common
load cli
load push/drive

# Programs of its own for each test: each changes the configuration
setup() {
	begin_tests
	record_traffic
	mkdir "$dir/keys"
	start_stored
	start_pushd
}

teardown() {
	end_tests
}

# add_key KID: one of its own, or another in its place
add_key() {
	head -c 30 /dev/urandom | base64 -w 0 >"$dir/keys/$1"
	echo >>"$dir/keys/$1"
}

@test "limits and times hold at once, for those who are connected too" {
	scenario reload limits
}

@test "origins are allowed, and no longer" {
	scenario reload origins
}

@test "a key that is taken away closes the clients that came with it, and no others" {
	scenario reload keys
}

@test "a configuration or a key that is wrong: all of it is said, nothing changes" {
	scenario reload wrong
}

@test "what is opened once stays as it is, and that is said" {
	scenario reload opened_once
}

@test "reloading again and again loses nobody" {
	scenario reload often
}

@test "SIGHUP ends neither tidings-stored nor notifications.fcgi" {
	start_api
	start_lighttpd
	for name in stored api pushd; do
		kill -HUP "$(cat "$dir/pids/$name")"
	done
	TOKEN=$(make_token anna) api GET /unread-count
	expect_status 200
	scenario reload often
}
