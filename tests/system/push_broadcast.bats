# tidings-pushd: what concerns everybody, what happens by itself, and what ends sessions.
bats_require_minimum_version 1.5.0
load common
load cli
load push/drive

setup_file() {
	begin_tests
	record_traffic
	set_config store max-per-user 0
	set_config push max-messages-per-second 1000
	start_stored
	start_pushd
}

teardown_file() {
	end_tests
}

@test "a broadcast arrives at every session, with the counts of its reader" {
	scenario broadcast created
}

@test "a broadcast that is withdrawn: counts by what each reader did with it" {
	scenario broadcast ended
}

@test "what expires is told by itself: a broadcast, a notification of one user" {
	scenario broadcast expiry
}

@test "a batch is one change for each user in it, and so is a withdrawal" {
	scenario broadcast batch
}

@test "the largest batch there can be" {
	scenario broadcast largest_batch
}

@test "every message has the counts as of its seq, live and for those who come back" {
	scenario broadcast every_count
}

@test "broadcasts and other changes at once, while sessions come and go" {
	scenario broadcast many_at_once
}

@test "a client that does not read gets one update in the place of broadcasts" {
	scenario broadcast never_reads
}

@test "broadcasts while the store does not answer" {
	scenario broadcast store_stands_still
}

@test "2,000 clients hear of every broadcast, and of its end" {
	scenario broadcast many_clients
}

@test "a user who is forgotten: 4403, and a reset for who comes back" {
	scenario dismiss forgotten
}

@test "tokens that are revoked: 4403, and refused when joining and renewing" {
	scenario dismiss revoked
}

@test "so are those who join meanwhile" {
	scenario dismiss amid_joining
}
