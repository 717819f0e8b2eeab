#!/usr/bin/env bats
# Publisher keys: made and revoked by tidings key, used on REST through lighttpd while it runs.

# In single quotes stand texts for jq; variables come from common.bash, and go there
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2154
bats_require_minimum_version 1.5.0
load common
load cli

setup_file() {
	begin_tests
	start_stored
	start_pushd
	start_api --workers 3 --log-level debug
	start_lighttpd
}

teardown_file() {
	end_tests
}

setup() {
	set_config auth publisher-keys "$dir/publishers"
	export keys=$dir/publishers name=key-$BATS_TEST_NUMBER user=user-$BATS_TEST_NUMBER
	rm -f "$keys"
}

no_such_id=01890a5d-ac96-774b-bcce-b302099a8057
note='{"userId":"%s","type":"info","title":"T","message":"M"}'

# by_key KEY METHOD PATH...: like api
by_key() {
	local TOKEN=$1

	api "${@:2}"
}

# sends KEY: whether a create by it is done
sends() {
	# shellcheck disable=SC2059 # the format is ours
	by_key "$1" POST / "$(printf "$note" "$user")"
	[ "$status" = 201 ]
}

# by_all_workers KEY CODE [WORD]: more requests than there are workers, at once and one by one
by_all_workers() {
	local i

	for i in {1..9}; do
		sends "$1" || [ "$2" != 201 ] || fail_with "not created" || return
		[ "$2" = 201 ] || expect_error "$2" "$3" || return
	done
}

# --- Using them --------------------------------------------------------------------------

# The first, for of refusals only so many are logged in a time
@test "a key that expires is refused from then on" {
	key=$(tidings key add "$name" --expires "$(date -u -d '2 seconds' +%FT%T.%3NZ)")
	sends "$key"
	until ! sends "$key"; do
		((SECONDS < 60))
	done
	expect_error 401 token_expired
	grep -q "publisher key $name is refused: it has expired" "$dir/api.log"
	run -0 tidings key list --json
	of_json '.expired == true and has("expiresAt")'
}

@test "a key creates, for one, many and all, and withdraws; at once, and by every worker" {
	key=$(tidings key add "$name")
	[[ $key =~ ^tk_[A-Za-z0-9_-]{43}$ ]]
	by_all_workers "$key" 201
	first=$(jq -r .notification.id <<<"$body")
	# shellcheck disable=SC2059
	by_key "$key" POST /batch "{\"notifications\":[$(printf "$note,$note" "$user" "$user")]}"
	expect_status 201
	by_key "$key" POST /broadcast '{"type":"info","title":"T","message":"M"}'
	expect_status 201
	broadcast=$(jq -r .notification.id <<<"$body")
	by_key "$key" DELETE "/broadcast/$broadcast"
	expect_status 200
	by_key "$key" DELETE "/users/$user/notifications/$first"
	expect_status 200
	TOKEN=$(make_token "$user")
	api GET /unread-count
	expect '.unreadCount == 10'
}

@test "it has no other right: 403 says which is missing, and changes nothing" {
	key=$(tidings key add "$name")
	create "$user"
	for request in "GET /" "GET /unread-count" "GET /$no_such_id" "PATCH /$no_such_id/read" \
		"POST /read-all" "POST /seen" "DELETE /$no_such_id" "DELETE /?all=true"; do
		# shellcheck disable=SC2086 # two words
		by_key "$key" $request
		expect_error 403 forbidden
		expect '.error | test("token of a user")'
		[[ $(header WWW-Authenticate) = *insufficient_scope* ]]
	done
	for request in "GET /stats" "DELETE /users/$user"; do
		# shellcheck disable=SC2086
		by_key "$key" $request
		expect_error 403 forbidden
		expect '.error | test("administrator.*role is admin")'
	done
	by_key "$key" POST /disconnect "{\"userId\":\"$user\",\"revoke\":true}"
	expect_error 403 forbidden
	[ "$(unread "$user")" = 1 ]
	grep -q "publisher key $name is refused: it may only publish" "$dir/api.log"
}

@test "the push daemon takes none, and says so" {
	key=$(tidings key add "$name")
	for path in /ws /stream; do
		by_key "$key" GET "$path" '' -H 'Accept: text/event-stream' --max-time 10
		[ "$path" = /ws ] || expect_error 401 token_publisher_key
	done
	status=$(curl -sS -o "$dir/body" -w '%{http_code}' --max-time 10 --http1.1 "$url/ws" \
		-H 'Connection: Upgrade' -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' \
		-H 'Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==' -H "Authorization: Bearer $key")
	[ "$status" = 401 ]
	body=$(<"$dir/body")
	expect '.code == "token_publisher_key" and (.error | test("REST"))'
	refute grep -q tk_ "$dir/pushd.log"
}

@test "a cookie brings none" {
	key=$(tidings key add "$name")
	by_key '' POST / "{}" -H "Cookie: token=$key" -H "Origin: $site"
	expect_error 401 token_missing
}

@test "401 says what is wrong with a key, in the codes of tokens" {
	key=$(tidings key add "$name")
	sends "$key"
	for wrong in "${key%?}" "${key}A" "tk_" "tk_${key#tk_?}="; do
		refute sends "$wrong"
		expect_error 401 token_malformed
		[[ $(header WWW-Authenticate) = *invalid_token*token_malformed* ]]
		refute grep -qF "${key:5:30}" <<<"$body$headers"
	done
	refute sends "tk_$(head -c 43 /dev/zero | tr '\0' A)"
	expect_error 401 token_revoked
	expect '.error | test("publisher key")'
}

@test "a revoked key is refused from the next request on, by every worker and without a reload" {
	key=$(tidings key add "$name")
	other=$(tidings key add "$name-other")
	by_all_workers "$key" 201
	run -0 --separate-stderr tidings key revoke "$name"
	[ -z "$output$stderr" ]
	by_all_workers "$key" 401 token_revoked
	by_all_workers "$other" 201
	# Its name can be had again, and is another key
	again=$(tidings key add "$name")
	by_all_workers "$again" 201
	by_all_workers "$key" 401 token_revoked
	# Without the file there are none
	rm "$keys"
	by_all_workers "$again" 401 token_revoked
}

@test "a reload takes them along, and another file" {
	key=$(tidings key add "$name")
	sends "$key"
	set_config auth publisher-keys ""
	kill -HUP "$(cat "$dir/pids/api")"
	until ! sends "$key"; do
		((SECONDS < 60))
	done
	expect_error 401 token_revoked
	set_config auth publisher-keys "$keys"
	kill -HUP "$(cat "$dir/pids/api")"
	until sends "$key"; do
		((SECONDS < 60))
	done
}

@test "an Idempotency-Key counts for one publisher key, never for a user of its name" {
	# shellcheck disable=SC2059
	text=$(printf "$note" "$user")
	key=$(tidings key add "$name") other=$(tidings key add "$name-other")
	for publisher in "$key" "$other" "$(make_token "$name" service)"; do
		by_key "$publisher" POST / "$text" -H 'Idempotency-Key: once'
		expect_status 201
		refute header Idempotent-Replayed
		by_key "$publisher" POST / "$text" -H 'Idempotency-Key: once'
		expect_status 201
		[ "$(header Idempotent-Replayed)" = true ]
	done
	[ "$(unread "$user")" = 3 ]
	# A user of that name who is revoked or forgotten takes nothing from the key
	run -0 tidings disconnect --revoke "$name"
	run -0 tidings forget --yes "$name"
	by_key "$key" POST / "$text" -H 'Idempotency-Key: once'
	expect_status 201
	[ "$(header Idempotent-Replayed)" = true ]
}

@test "names are counted in the statistics and stand in the log; keys stand nowhere" {
	key=$(tidings key add "$name")
	sends "$key"
	# shellcheck disable=SC2059
	by_key "$key" POST /batch "{\"notifications\":[$(printf "$note,$note" "$user" "$user")]}"
	by_key "$key" DELETE "/users/$user/notifications/$no_such_id"
	TOKEN=$(make_token admin admin)
	api GET /stats
	expect '.store.publisherKeys | any(. == {name: $name, requests: 2, notifications: 3})' \
		--arg name "$name"
	run -0 tidings stats
	[[ $output =~ publisher\ keys\ $name\ requests\ +2 ]]
	[[ $output =~ publisher\ keys\ $name\ notifications\ +3 ]]
	grep -q "publisher key $name is presented" "$dir/api.log"
	refute grep -rqF "${key#tk_}" "$dir" --exclude=body
	refute grep -rqE 'tk_[A-Za-z0-9_-]{8}' "$dir" --exclude=body --exclude-dir=home
}

# --- The file ------------------------------------------------------------------------------

@test "the file has the hash that sha256sum tells, and rights that keep others out" {
	key=$(tidings key add "$name")
	[ "$(awk -v name="$name" '$1 == name { print $2 }' "$keys")" = \
		"$(printf %s "$key" | sha256sum | cut -d' ' -f1)" ]
	[ "$(stat -c %a "$keys")" = 640 ]
	[ ! -e "$keys.new" ]
}

@test "tidings-publishers(5): its line can be read, and its command finds a key's name" {
	sed -n 's/^shop [0-9a-f]/&/p' "$top_srcdir/man/tidings-publishers.5.in" >"$keys"
	key=$(tidings key add "$name")
	[ "$(tidings key list --json | jq -r .name | paste -sd' ')" = "shop $name" ]
	command=$(sed -n 's/^\$ printf/printf/p' "$top_srcdir/man/tidings-publishers.5.in" |
		sed "s|\\\\(dq|\"|g; s|@confdir@/publishers|$keys|")
	[[ $command = *"$keys" ]]
	[[ $(eval "$command") = "$name "* ]]
}

@test "a change keeps comments, mode and, by root, owner and group" {
	printf '# of the shop\n\n' >"$keys"
	chmod 604 "$keys"
	[ "$EUID" != 0 ] || chown 1:2 "$keys"
	before=$(stat -c '%a %u %g' "$keys")
	tidings key add "$name"
	printf '%s' "# the end" >>"$keys"
	tidings key add "$name-2"
	run -0 tidings key revoke "$name"
	[ "$(stat -c '%a %u %g' "$keys")" = "$before" ]
	[ "$(sed "s/^\($name-2\) .*/\1/" "$keys")" = "# of the shop

# the end
$name-2" ]
}

@test "a symbolic link stays one" {
	mkdir "$dir/elsewhere"
	ln -s "$dir/elsewhere/file" "$keys"
	touch "$dir/elsewhere/file"
	key=$(tidings key add "$name")
	[ -L "$keys" ]
	grep -q "^$name " "$dir/elsewhere/file"
	sends "$key"
	rm -r "$dir/elsewhere"
}

@test "several at the same time: each key is there, and counts; of one name there is one" {
	for i in {1..12}; do
		tidings key add "$name-$i" >"$BATS_TEST_TMPDIR/$i" &
		tidings key add "$name" >"$BATS_TEST_TMPDIR/same-$i" 2>/dev/null &
	done
	wait
	[ "$(tidings key list --json | wc -l)" = 13 ]
	for i in {1..12}; do
		sends "$(<"$BATS_TEST_TMPDIR/$i")"
	done
	[ "$(cat "$BATS_TEST_TMPDIR"/same-* | wc -l)" = 1 ]
	sends "$(cat "$BATS_TEST_TMPDIR"/same-*)"
	for i in {1..12}; do
		tidings key revoke "$name-$i" &
	done
	wait
	[ "$(tidings key list --json | jq -r .name)" = "$name" ]
}

@test "what a killed one has left is no obstacle" {
	echo 'half a li' >"$keys.new"
	chmod 600 "$keys.new"
	key=$(tidings key add "$name")
	sends "$key"
	[ ! -e "$keys.new" ]
	refute grep -q half "$keys"
}

@test "a file that others can write is refused, by all; what was read before counts on" {
	key=$(tidings key add "$name")
	by_all_workers "$key" 201
	chmod g+w "$keys"
	cp "$keys" "$BATS_TEST_TMPDIR/before"
	for command in "list" "add x" "revoke $name"; do
		# shellcheck disable=SC2086 # two words
		run -1 --separate-stderr tidings key $command
		[[ $stderr = *"$keys: others than its owner can write this file"*chmod* ]]
		[ -z "$output" ]
	done
	cmp "$keys" "$BATS_TEST_TMPDIR/before"
	[ ! -e "$keys.new" ]
	by_all_workers "$key" 201
	grep -q "$keys: others than its owner.*stay as they were" "$dir/api.log"
	run -1 "$top_builddir/cgi/notifications.fcgi" --listen "$dir/other.sock"
	[[ $output = *"$keys: others than its owner"* ]]
}

@test "a malformed file is refused with its line, by all; what was read before counts on" {
	key=$(tidings key add "$name")
	by_all_workers "$key" 201
	echo 'shop letmein' >>"$keys"
	run -1 --separate-stderr tidings key add x
	[[ $stderr = *"$keys:3: behind the name must be a SHA-256"* ]]
	refute grep -q '^x ' "$keys"
	by_all_workers "$key" 201
	grep -q "$keys:3: .*stay as they were" "$dir/api.log"
	run -1 "$top_builddir/cgi/notifications.fcgi" --listen "$dir/other.sock"
	[[ $output = *"$keys:3: "* ]]
	# Mended, it counts again
	sed -i '/letmein/d' "$keys"
	second=$(tidings key add "$name-2")
	by_all_workers "$second" 201
}

@test "a place that cannot be written is told, and no key" {
	set_config auth publisher-keys "$dir/no/such/place"
	run -1 --separate-stderr tidings key add "$name"
	[[ $stderr = *"$dir/no/such/place cannot be replaced: No such file"* ]]
	[ -z "$output" ]
	set_config auth publisher-keys ""
	run -1 --separate-stderr tidings key list
	[[ $stderr = *"publisher-keys is empty"* ]]
}

# --- The command ------------------------------------------------------------------------------

@test "add: the key, once, on standard output alone; as JSON with its times" {
	run -0 --separate-stderr tidings key add "$name"
	[[ $output =~ ^tk_[A-Za-z0-9_-]{43}$ ]]
	[ -z "$stderr" ]
	run -0 tidings key add "$name-2" --json --expires 2d
	of_json 'keys == ["createdAt", "expiresAt", "key", "name"] and .name == "'"$name"'-2"'
	of_json '(.expiresAt | sub("\\.[0-9]+Z"; "Z") | fromdate) - (.createdAt | sub("\\.[0-9]+Z"; "Z") | fromdate) == 172800'
	sends "$(jq -r .key <<<"$output")"
	run -0 tidings key add "$name-3" --json
	of_json 'has("expiresAt") | not'
}

@test "add: a name that is taken, and a file that is full" {
	key=$(tidings key add "$name")
	run -1 --separate-stderr tidings key add "$name"
	[[ $stderr = *"there is a key $name already"* ]]
	[ -z "$output" ]
	sends "$key"
	for ((i = 1; i < 256; i++)); do
		printf 'k%d %064x 2026-01-31T09:30:00Z never\n' "$i" "$i"
	done >>"$keys"
	run -1 --separate-stderr tidings key add more
	[[ $stderr = *"there are 256 keys, as many as there may be"* ]]
	sends "$key"
	sed -i '2,$d' "$keys"
	printf '#%65400s\n' x >>"$keys"
	run -1 --separate-stderr tidings key add more
	[[ $stderr = *"$keys cannot be written: File too large"* ]]
	[ -z "$output" ]
	run -0 tidings key list
}

@test "list: who, since when, until when; for people and for programs" {
	run -0 tidings key list
	[ "${#lines[@]}" = 1 ]
	tidings key add "$name"
	tidings key add "$name-2" -e 2030-01-31T10:30:00+01:00
	run -0 tidings key list
	[ "${#lines[@]}" = 3 ]
	[[ ${lines[1]} =~ ^20[0-9T:.-]+Z\ +never\ +$name$ ]]
	[[ ${lines[2]} =~ \ 2030-01-31T09:30:00.000Z\ +$name-2$ ]]
	run -0 tidings key list --json
	output=$(jq -s . <<<"$output")
	of_json 'map(keys) == [["createdAt", "expired", "name"],
		["createdAt", "expired", "expiresAt", "name"]] and all(.[]; .expired == false)'
	in_terminal 100 "$top_builddir/cli/tidings key list"
	[[ $output = *"never"*"$name"* ]]
}

@test "revoke: what there is not" {
	run -1 --separate-stderr tidings key revoke "$name"
	[[ $stderr = *"there is no key $name"* ]]
	[ ! -e "$keys" ] && [ ! -e "$keys.new" ]
}

@test "wrong usage changes nothing" {
	for line in "" "add" "add a b" "list a" "revoke" "remove a" "add -- -a" "add .a" "add a/b" \
		"add ä" "add $(printf 'a%.0s' {1..65})" "list --expires 1d" "revoke a --expires 1d" \
		"add a --expires soon" "add a --expires 0d" "add a --expires 11y" \
		"add a --expires 2020-01-31T09:30:00Z" "add a --expires 9999w"; do
		# shellcheck disable=SC2086 # words
		run -2 --separate-stderr tidings key $line
		[ -n "$stderr" ] && [ -z "$output" ]
	done
	[ ! -e "$keys" ]
}
