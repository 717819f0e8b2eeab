#!/usr/bin/env bats
# What tidings-store(5) says of the files, against the files.

# shellcheck disable=SC2154,SC2030,SC2031
bats_require_minimum_version 1.5.0
load common

page=$top_srcdir/man/tidings-store.5.in

setup_file() {
	begin_tests
	start_stored
	start_pushd
	start_api
	start_lighttpd
	fill
	mkdir -p "$dir/backups/tidings"
	"$top_builddir/cli/tidings" backup "$dir/backups/tidings" >"$dir/backup.log" 2>&1
	copy=$dir/copy
	export copy
}

teardown_file() {
	end_tests
}

setup() {
	command -v db5.3_dump >/dev/null || {
		[ "${CI-}" != true ] || fail_with 'db5.3_dump is not installed'
		skip 'db5.3_dump is not installed (on Debian: apt-get install db5.3-util)'
	}
}

# The notification of the last answer is in the store
told() {
	jq -c .notification >>"$dir/told" <<<"$body"
}

# Something of everything, and in $dir/facts what was told of it
fill() {
	local sent='{"userId":"alice","type":"warning","title":"Repeated","message":"M"}' id

	as_publisher POST / '{"userId":"alice","type":"success","title":"Paid","message":"Invoice","link":"/x",
		"data":{"a":[1]},"category":"billing","expiresAt":"2199-01-01T00:00:00Z"}'
	id=$(jq -r .notification.id <<<"$body")
	TOKEN=$(make_token alice) api PATCH "/$id/read"
	told
	as_publisher POST / "$sent" -H 'Idempotency-Key: once'
	told
	jq -c --arg sent "$sent" '{publisher: "publisher", path: "/", key: "once", body: $sent, id: .notification.id}' \
		<<<"$body" >"$dir/attempt"
	as_publisher POST / '{"userId":"bob","type":"info","title":"T","message":"M"}'
	told
	as_publisher POST /broadcast '{"type":"error","title":"All","message":"M"}'
	id=$(jq -r .notification.id <<<"$body")
	told
	TOKEN=$(make_token alice) api PATCH "/$id/read"
	TOKEN=$(make_token boss admin) api POST /disconnect '{"userId":"revoked","revoke":true}'
	for id in alice bob; do
		TOKEN=$(make_token "$id") api POST /seen
		TOKEN=$(make_token "$id") api GET /
		jq -c --arg user "$id" '{($user): {seq, total, unreadCount}}' <<<"$body"
	done >"$dir/counts"
	jq -n --slurpfile told "$dir/told" --slurpfile counts "$dir/counts" --slurpfile attempt "$dir/attempt" \
		'{notifications: $told, counts: ($counts | add), attempt: $attempt[0], now: (now | floor)}' >"$dir/facts"
}

# shown PATTERN: runs the commands of the page's block that matches, where this test has things
shown() {
	local block

	block=$(awk -v pattern="$1" '
		/^\.Bd -literal/ { inside = 1; block = ""; next }
		/^\.Ed/ { if (inside && block ~ pattern) printf "%s", block; inside = 0 }
		inside { block = block $0 "\n" }' "$page" |
		sed "s/^# //; s|@localstatedir@|$dir|g; s|/tmp/copy|$copy|g")
	[ -n "$block" ]
	PATH=$top_builddir/stored:$PATH bash -euo pipefail -c "cd '${2-$copy}'; $block"
}

@test "what it shows runs" {
	shown 'cp -a' "$dir"
	shown 'check' | grep ': no problems$'
	shown '^# db5.3_dump -p data/notif' | grep '"title":"Paid"'
	run -0 shown 'grep -A'
	[ "$output" = $' schema\n 2\n"title":"Paid"\n"title":"Repeated"\n"title":"T"' ]
	run -0 shown printlog
	[[ $output = *'tidings1 1/1 epoch '* ]]
	[[ $output = *'tidings1 1/1 created 1 1 1 1 '*' 5:alice '* ]]
}

@test "tables, keys and bytes are as it says" {
	rm -rf "$copy"
	shown 'cp -a' "$dir"
	shown 'check' >/dev/null
	python3 "$BATS_TEST_DIRNAME/store_format.py" "$page" "$copy" "$dir/facts"
}
