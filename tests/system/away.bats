#!/usr/bin/env bats
# tidings-away: what is unread and has nobody to read it is handed over, once, and nothing else.

# In single quotes stand texts for jq; variables come from common.bash, and go there
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2154
bats_require_minimum_version 1.5.0
load common
load cli

receiver=$BATS_TEST_DIRNAME/away/receiver.py

setup_file() {
	begin_tests
	start_stored
	start_pushd
}

teardown_file() {
	end_tests
}

# A fresh tidings-away, and nothing left of the users of another test
setup() {
	rm -rf "${dir:?}"/{config/away,away,in,away.log}
	mkdir "$dir/away" "$dir/in"
	set_config away after 1s
	set_config away retry 1s
	set_config away state "$dir/away"
	handed=$dir/in/handed
	: >"$handed"
	for user in alice bob carol; do
		printf '%s\n' "$user" | tidings forget --yes "$user" >/dev/null
	done
}

teardown() {
	local name

	for name in away client receiver site; do
		stop_program "$name" || true
	done
	refute grep -E 'ERROR: (Address|Leak)Sanitizer|runtime error:' "$dir/away.log"
}

# --- Receivers -------------------------------------------------------------------------

# A program: what it gets is a line of $handed. It ends with the statuses in $dir/in/answers, one
# after the other, and then with 0.
use_program() {
	cat >"$dir/in/take" <<-'SCRIPT'
		#!/bin/sh
		cd "$(dirname "$0")" || exit 1
		body=$(cat)
		status=$(head -n 1 answers 2>/dev/null)
		[ -z "$status" ] || sed -i 1d answers
		printf '%s\n' "$body" >>handed
		echo "took it: $*"
		exit "${status:-0}"
	SCRIPT
	chmod +x "$dir/in/take"
	set_config away run "$dir/in/take first second"
}

# use_receiver [CERTIFICATE KEY]: one by HTTP, or by HTTPS, see receiver.py
use_receiver() {
	need python3 python3
	handed=$dir/in/requests
	: >"$handed"
	serve receiver python3 "$receiver" "$dir/in" "$@"
	echo 'a secret to sign deliveries with' >"$dir/in/secret"
	set_config away url "http://127.0.0.1:$port/hook?from=tidings"
	[ $# = 0 ] || set_config away url "https://localhost:$port/hook"
	set_config away secret-file "$dir/in/secret"
}

answers() { # LINE...
	printf '%s\n' "$@" >"$dir/in/answers"
}

start_away() {
	start_program away "$top_builddir/away/tidings-away" --config "$TIDINGS_CONFIG"
}

# --- What is expected ------------------------------------------------------------------

# send USER [TITLE]: prints the id
send() {
	tidings send --json "$1" "${2-Title}" Message | jq -r .id
}

# await COMMAND...: until it succeeds
await() {
	local tries

	for ((tries = 0; tries < 600; tries++)); do
		! "$@" >/dev/null 2>&1 || return 0
		sleep 0.05
	done
	echo "not so within 30 seconds: $*" >&2
	cat "$handed" "$dir/away.log" >&2
	return 1
}

# The bodies, one a line
bodies() {
	if [ "${handed##*/}" = requests ]; then jq -r .body "$handed"; else cat "$handed"; fi
}

# of USER: its deliveries, one a line
of() {
	bodies | grep -F "\"userId\":\"$1\"" || true
}

has() { # COUNT USER: so many deliveries at least
	[ "$(of "$2" | wc -l)" -ge "$1" ]
}

exactly() { # COUNT USER
	[ "$(of "$2" | wc -l)" = "$1" ] || fail_with "deliveries of $2: $(of "$2")"
}

said() {
	grep -qF -- "$1" "$dir/away.log"
}

older_than() { # SECONDS USER: the user's newest notification
	tidings list "$2" --json | jq -e --argjson seconds "$1" \
		'.notifications[0].createdAt | sub("\\.[0-9]+Z"; "Z") | fromdate | now - . > $seconds'
}

# What was created before it has had its time when this returns
await_marker() {
	marker=marker-$SRANDOM
	send "$marker" >/dev/null
	await has 1 "$marker"
}

# connect USER: a client of the push daemon, until stop_program client
connect() {
	local line

	in_background client curl -sN --unix-socket "$dir/push.sock" \
		-H "Authorization: Bearer $(make_token "$1")" http://localhost/api/notifications/stream
	while read -rt 20 line <&"$feed"; do
		[[ $line != 'event: unread_count' ]] || return 0
	done
	fail_with "not connected"
}

# --- Who is told -----------------------------------------------------------------------

@test "what is unread and has nobody to read it is handed to the program, once" {
	use_program
	start_away
	id=$(send alice 'For Alice')
	await has 1 alice
	output=$(of alice)
	of_json '.deliveryId | test("^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f-]{21}$")'
	of_json '.userId == "alice" and .unreadCount == 1 and (.notifications | length) == 1'
	of_json ".notifications[0] | .id == \"$id\" and .title == \"For Alice\" and .read == false"
	of_json 'keys == ["deliveryId", "notifications", "unreadCount", "userId"]'
	[ "$(of alice | jq .notifications[0])" = "$(tidings list alice --json | jq .notifications[0])" ]
	await said "handed over, notifications: 1"
	said 'took it: first second'
	await_marker
	exactly 1 alice
}

@test "what is read, or withdrawn, in time is not" {
	use_program
	start_away
	tidings read alice "$(send alice)"
	tidings withdraw alice "$(send alice)"
	send alice Left >/dev/null
	await_marker
	exactly 1 alice
	output=$(of alice)
	of_json '[.notifications[].title] == ["Left"]'
}

@test "who is connected is not told, until nobody is there any more" {
	use_program
	start_away
	connect alice
	send alice >/dev/null
	await_marker
	await_marker
	exactly 0 alice
	stop_program client
	await has 1 alice
}

@test "what is due of one user is handed over together, oldest first, at most so many at once" {
	use_program
	set_config away max-per-message 3
	start_away
	lines_for alice 5 | tidings send -
	await has 2 alice
	output=$(of alice | jq -s .)
	of_json 'map([.notifications[].title]) == [["1", "2", "3"], ["4", "5"]]'
	of_json 'map(.unreadCount) == [5, 5]'
	of_json '(map(.deliveryId) | unique | length) == 2'
}

@test "only the types and categories that are chosen; never a broadcast" {
	use_program
	set_config away types warning,error
	set_config away categories billing,security
	start_away
	tidings send --type warning --category billing alice Chosen Message
	tidings send --type info --category billing alice 'Other type' Message
	tidings send --type error --category social alice 'Other category' Message
	tidings send --type error alice 'No category' Message
	tidings broadcast --type error --category security Everybody Message
	tidings send --type error --category security marker Marker Message
	await has 1 marker
	await has 1 alice
	output=$(of alice)
	of_json '[.notifications[].title] == ["Chosen"]'
	output=$(of marker)
	of_json '[.notifications[].title] == ["Marker"]'
}

@test "what was there before the first start, or is older than it may be, is not" {
	use_program
	send alice 'Before' >/dev/null
	start_away
	await_marker
	stop_program away
	exactly 0 alice
	set_config away max-age 2s
	send bob 'Too old' >/dev/null
	await older_than 3 bob
	start_away
	set_config away max-age 1d
	await_marker
	exactly 0 bob
}

@test "a user is told no more often than once in that time" {
	use_program
	set_config away after 2s
	start_away
	send alice First >/dev/null
	await has 1 alice
	first=$(date +%s%N)
	send alice Second >/dev/null
	await has 2 alice
	(($(date +%s%N) - first > 1500000000))
}

# --- Failures --------------------------------------------------------------------------

@test "a program that asks for it is called again, with the same identifier" {
	use_program
	answers 75 75
	start_away
	send alice >/dev/null
	await has 3 alice
	[ "$(of alice | jq .deliveryId | sort -u | wc -l)" = 1 ]
	await said 'handed over, notifications'
	await_marker
	exactly 3 alice
}

@test "one that fails is called three times, and then no more" {
	use_program
	answers 1 2 3
	start_away
	send alice >/dev/null
	await said 'refused, given up'
	await_marker
	exactly 3 alice
	send alice Next >/dev/null
	await has 4 alice
	[ "$(of alice | tail -n 1 | jq -r '.notifications[].title')" = Next ]
}

@test "a failure is forgotten when it is read meanwhile" {
	use_program
	set_config away retry 2s
	answers 75
	start_away
	id=$(send alice)
	await has 1 alice
	tidings read alice "$id"
	await said 'not tried again'
	exactly 1 alice
}

@test "a program that takes too long is ended, with all that it has started; its output is bounded" {
	cat >"$dir/in/slow" <<-SCRIPT
		#!/bin/sh
		cat >>"$handed"
		echo >>"$handed"
		yes 'more than anybody reads' | head -n 20000
		[ -e "$dir/in/again" ] && exit
		touch "$dir/in/again"
		sleep 1000 &
		echo \$! >"$dir/in/pid"
		wait
	SCRIPT
	chmod +x "$dir/in/slow"
	set_config away run "$dir/in/slow"
	set_config away timeout 1s
	start_away
	send alice >/dev/null
	await said 'took longer than it may'
	refute grep -q '^State:.[RSDT]' "/proc/$(cat "$dir/in/pid")/status"
	await has 2 alice
	await said 'handed over, notifications'
	[ "$(grep -c 'more than anybody reads' "$dir/away.log")" -lt 400 ]
}

@test "no more than so many programs run at a time" {
	cat >"$dir/in/count" <<-SCRIPT
		#!/bin/sh
		mkdir "$dir/in/running.\$\$"
		ls -d "$dir"/in/running.* | wc -l >>"$dir/in/counts"
		sleep 0.3
		rmdir "$dir/in/running.\$\$"
		cat >>"$handed"
		echo >>"$handed"
	SCRIPT
	chmod +x "$dir/in/count"
	set_config away run "$dir/in/count"
	set_config away max-at-once 2
	start_away
	for user in a b c d e f; do line_for "$user"; done | tidings send -
	for user in a b c d e f; do await has 1 "$user"; done
	[ "$(sort -n "$dir/in/counts" | tail -n 1)" = 2 ]
}

@test "without the push daemon, or just after its start, nobody counts as away" {
	use_program
	start_away
	await_marker
	stop_program pushd
	send alice >/dev/null
	await said 'cannot find out who is away'
	exactly 0 alice
	start_pushd
	connect alice
	await said 'it can be found out again'
	await_marker
	exactly 0 alice
	stop_program client
	await has 1 alice
}

@test "the store may restart, and be killed" {
	use_program
	answers 75 75
	start_away
	send alice >/dev/null
	await has 1 alice
	kill_program stored
	start_stored
	send bob >/dev/null
	await has 1 bob
	stop_program stored
	start_stored
	send carol >/dev/null
	await has 1 carol
	await_marker
	exactly 1 bob
	exactly 1 carol
}

@test "nothing is handed over while that could not be remembered" {
	use_program
	start_away
	stop_program away
	mkdir "$dir/away/state.new" # where the new state is to be written
	start_away
	send alice >/dev/null
	await said 'the state cannot be saved'
	tidings read alice "$(send alice)"
	await older_than 2 alice
	exactly 0 alice
	rmdir "$dir/away/state.new"
	await has 1 alice
	said 'the state can be saved again'
}

# --- Restarts --------------------------------------------------------------------------

@test "a restart forgets nothing and repeats nothing" {
	use_program
	set_config away after 3s
	answers 75
	start_away
	send alice Done >/dev/null
	await has 2 alice
	send bob Waits >/dev/null
	stop_program away
	send carol 'Comes meanwhile' >/dev/null
	start_away
	await has 1 bob
	await has 1 carol
	await_marker
	exactly 2 alice
	exactly 1 bob
	exactly 1 carol
	refute start_program second "$top_builddir/away/tidings-away" --config "$TIDINGS_CONFIG"
	grep -q 'another tidings-away uses it' "$dir/second.log"
}

# Requests that create for many users come to the log one user after the other
@test "killed at any moment, it hands over everything, and repeats only what bears the same identifier" {
	local round user

	use_program
	sed -i 's/^exit/sleep 0.0$(($$ % 9)); exit/' "$dir/in/take"
	set_config away max-per-message 4
	for round in {1..10}; do
		start_away
		for user in {1..8}; do lines_for "user-$user" 2; done | shuf | tidings send -
		sleep "0.$((SRANDOM % 9))" # the moment of the kill: nothing to await
		kill_program away || true
	done
	start_away
	all_there() {
		[ "$(bodies | jq -r '.notifications[].id' | sort -u | wc -l)" = $((10 * 8 * 2)) ]
	}
	await all_there
	stop_program away
	bodies | jq -s -e '[.[] | .deliveryId as $delivery | .notifications[] | {id, delivery: $delivery}]
		| group_by(.id) | all(map(.delivery) | unique | length == 1)'
	for user in {1..8}; do tidings list "user-$user" --limit 100 --json | jq -r '.notifications[].id'; done |
		sort >"$dir/in/all"
	diff "$dir/in/all" <(bodies | jq -r '.notifications[].id' | sort -u)
}

# remember FILE: a state by which the log was read up to this file
remember() {
	python3 -c '
import hashlib, struct, sys
read = b"\1" + struct.pack(">I", int(sys.argv[1])) + bytes(16)
sys.stdout.buffer.write(b"tidings-away 1\n" + struct.pack(">I", len(read)) +
	hashlib.sha256(read).digest()[:4] + read)' "$1" >"$dir/away/state"
}

@test "when the log is gone that would tell, it says so and goes on" {
	need python3 python3
	use_program
	start_away
	await_marker
	stop_program away
	stop_program stored
	rm -r "${dir:?}/home"
	mkdir "$dir/home"
	start_stored
	stop_program pushd
	start_pushd
	start_away
	await_marker
	# A state that is damaged, too, is what it was up to there
	stop_program away
	printf 'half a record' >>"$dir/away/state"
	start_away
	said '13 bytes at the end of the state could not be understood'
	await_marker
	# And one from another store, whose log was longer, is taken for this one
	stop_program away
	remember 57
	send alice 'Since then' >/dev/null
	start_away
	await has 1 alice
	await_marker
	exactly 1 alice
}

# --- By HTTP ---------------------------------------------------------------------------

# The last request's signature, by another program than ours
verify() {
	local request id timestamp

	request=$(tail -n 1 "$handed")
	id=$(jq -r '.headers["webhook-id"]' <<<"$request")
	timestamp=$(jq -r '.headers["webhook-timestamp"]' <<<"$request")
	[ "$(jq -r '.body | fromjson.deliveryId' <<<"$request")" = "$id" ]
	[ $(($(date +%s) - timestamp)) -lt 60 ]
	[ "$(jq -r '.headers["webhook-signature"]' <<<"$request")" = \
		"$(sign "$id" "$timestamp" "$(jq -r .body <<<"$request")")" ]
}

@test "a receiver gets it by POST, signed" {
	use_receiver
	start_away
	send alice 'Für Alice' >/dev/null
	await has 1 alice
	verify
	output=$(tail -n 1 "$handed")
	of_json '.path == "/hook?from=tidings" and .headers["content-type"] == "application/json"'
	of_json '.headers["user-agent"] | startswith("tidings/")'
	await_marker
	exactly 1 alice
}

@test "a receiver that is busy is asked again, when it says, with the same identifier" {
	use_receiver
	answers '503 Retry-After: 3' 429 408
	start_away
	send alice >/dev/null
	await has 4 alice
	[ "$(jq -r '.headers["webhook-id"]' "$handed" | sort -u | wc -l)" = 1 ]
	jq -se '.[1].time - .[0].time >= 2.5' "$handed"
	verify
	await said 'handed over, notifications'
	await_marker
	exactly 4 alice
}

@test "a receiver that is not there is tried until it is" {
	use_receiver
	stop_program receiver || true
	start_away
	send alice >/dev/null
	await said 'tried again in 2 s'
	serve receiver python3 "$receiver" "$dir/in"
	set_config away url "http://127.0.0.1:$port/"
	stop_program away
	start_away
	await has 1 alice
}

@test "a receiver that refuses, or sends elsewhere, is not asked again; one that hangs is" {
	use_receiver
	set_config away timeout 1s
	answers 410 '302 Location: /elsewhere' hang
	start_away
	for user in alice bob carol; do
		send "$user" >/dev/null
		await has 1 "$user"
	done
	await has 2 carol
	await said 'the receiver answered with status 410'
	await said 'the receiver answered with status 302'
	await_marker
	exactly 1 alice
	exactly 1 bob
	exactly 2 carol
	refute grep -q '"path": "/elsewhere' "$handed"
}

# make_certificate NAME: signed by an authority of our own, $dir/in/ca.pem
make_certificate() {
	[ -e "$dir/in/ca.pem" ] || openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=Authority \
		-keyout "$dir/in/ca.key" -out "$dir/in/ca.pem" 2>/dev/null
	openssl req -newkey rsa:2048 -nodes -subj "/CN=$1" -keyout "$dir/in/$1.key" 2>/dev/null |
		openssl x509 -req -days 2 -CA "$dir/in/ca.pem" -CAkey "$dir/in/ca.key" -CAcreateserial \
			-extfile <(echo "subjectAltName=DNS:$1") -out "$dir/in/$1.pem" 2>/dev/null
}

@test "HTTPS: a certificate of a known authority is taken, one for another name is not" {
	make_certificate localhost
	use_receiver "$dir/in/localhost.pem" "$dir/in/localhost.key"
	start_away
	send alice >/dev/null
	await said 'could not be handed over' # an authority that nobody knows
	exactly 0 alice
	stop_program away
	set_config away ca-file "$dir/in/ca.pem"
	start_away
	await has 1 alice
	verify
	stop_program away
	make_certificate example.org
	use_receiver "$dir/in/example.org.pem" "$dir/in/example.org.key"
	start_away
	: >"$dir/away.log"
	send bob >/dev/null
	await said 'could not be handed over'
	exactly 0 bob
}

# --- Examples --------------------------------------------------------------------------

@test "example: mail by sendmail" {
	need jq jq
	cat >"$dir/in/sendmail" <<-SCRIPT
		#!/bin/sh
		[ ! -e "$dir/in/busy" ] || { rm "$dir/in/busy"; exit 75; }
		printf '%s\n' "\$*" >>"$dir/in/arguments"
		cat >>"$dir/in/mail"
	SCRIPT
	chmod +x "$dir/in/sendmail"
	touch "$dir/in/busy"
	set_config away run "/usr/bin/env SENDMAIL=$dir/in/sendmail SITE=https://example.org/ $top_srcdir/examples/away/mail.sh example.org"
	start_away
	tidings send --link /orders/2041 alice 'Bezahlt: für 12 €' "Line: 'one' and \$HOME" >/dev/null
	await grep -q 'Message-ID' "$dir/in/mail"
	said 'tried again in'
	await said 'handed over, notifications'
	[ "$(cat "$dir/in/arguments")" = '-i -- alice@example.org' ]
	[ "$(sed -n 's/^Subject: =?UTF-8?B?\(.*\)?=$/\1/p' "$dir/in/mail" | base64 -d)" = 'Bezahlt: für 12 €' ]
	[ "$(sed '1,/^$/d' "$dir/in/mail" | base64 -d)" = "Bezahlt: für 12 €
Line: 'one' and \$HOME
/orders/2041

1 unread in all.
https://example.org/" ]
	# Whose name is no address, and whose name is one
	tidings send 'mallory, bob' Title Message >/dev/null
	await said 'mallory, bob is no mail address'
	lines_for carol@example.net 3 | tidings send -
	await grep -q -- '-i -- carol@example.net' "$dir/in/arguments"
	await grep -q "$(printf '3 new notifications' | base64)" "$dir/in/mail"
	await said 'refused, given up'
	[ "$(wc -l <"$dir/in/arguments")" = 2 ]
}

@test "example: a receiver in PHP verifies the signature, and does nothing twice" {
	local tries id signed body address

	need php php-cli
	mkdir "$dir/in/received" "$dir/php"
	cp "$top_srcdir/examples/away/receiver.php" "$dir/php"
	echo 'a secret to sign deliveries with' >"$dir/in/secret"
	for ((tries = 0; tries < 20; tries++)); do
		address=127.0.0.1:$((20000 + SRANDOM % 12000))
		in_background site env TIDINGS_SECRET_FILE="$dir/in/secret" TIDINGS_RECEIVED="$dir/in/received" \
			php -d error_log="$dir/in/php" -S "$address" -t "$dir/php"
		while kill -0 "$(cat "$dir/pids/site")" 2>/dev/null; do
			[ "$(post_to_php 2>/dev/null)" != 401 ] || break 2
		done
	done
	set_config away url "http://$address/receiver.php"
	set_config away secret-file "$dir/in/secret"
	start_away
	send alice 'For Alice' >/dev/null
	await said 'handed over, notifications'
	[ "$(grep -c 'For alice: For Alice' "$dir/in/php")" = 1 ]
	id=$(ls "$dir/in/received")
	signed=$(date +%s)
	body="{\"deliveryId\":\"$id\",\"userId\":\"alice\",\"notifications\":[{\"title\":\"Again\"}]}"
	[ "$(post_to_php "$id" "$signed" "$(sign "$id" "$signed" "$body")" "$body")" = 204 ]
	[ "$(post_to_php "$id" "$signed" "v1,x $(sign "$id" "$signed" "$body")" "$body")" = 204 ]
	refute grep -q Again "$dir/in/php"
	[ "$(post_to_php new "$signed" "$(sign new "$signed" "$body")" "$body")" = 204 ]
	grep -q 'For alice: Again' "$dir/in/php"
	[ "$(post_to_php other "$signed" "$(sign new "$signed" "$body")" "$body")" = 401 ]
	[ "$(post_to_php new "$signed" "$(sign new "$signed" "$body")" "$body ")" = 401 ]
	[ "$(post_to_php new $((signed - 400)) "$(sign new $((signed - 400)) "$body")" "$body")" = 401 ]
}

sign() { # ID TIMESTAMP BODY
	echo "v1,$(printf '%s.%s.%s' "$@" | openssl dgst -sha256 -hmac "$(cat "$dir/in/secret")" -binary | base64 -w0)"
}

# post_to_php [ID TIMESTAMP SIGNATURE BODY]: prints the status
post_to_php() {
	curl -sS -o "$dir/in/ignored" -w '%{http_code}' -H "Webhook-Id: ${1-}" -H "Webhook-Timestamp: ${2-}" \
		-H "Webhook-Signature: ${3-}" --data-binary "${4-}" "http://$address/receiver.php"
}

# --- Configuration ---------------------------------------------------------------------

# refuses TEXT: with this configuration it does not start, and says why
refuses() {
	: >"$dir/away.log"
	refute start_away 2>"$dir/in/ignored"
	said "$1" || { cat "$dir/away.log"; return 1; }
}

@test "what cannot work is refused at the start, and by tidings config check" {
	refuses 'neither run nor url is set'
	use_program
	set_config away run "$dir/in/none"
	refuses "$dir/in/none: No such file"
	set_config away run "$dir/in/take"
	set_config away url https://example.org/
	run -1 tidings config check
	[[ $output == *'url: only one of run and url may be set'* ]]
	[[ $output == *'url: needs a secret-file to sign with'* ]]
	refuses 'only one of run and url'
	set_config away run ''
	echo short >"$dir/in/secret"
	set_config away secret-file "$dir/in/secret"
	refuses 'a secret has from 32 to 4095 bytes'
	set_config away secret-file "$dir/in/nowhere"
	refuses 'No such file'
	set_config away after 25h
	run -1 tidings config check
	[[ $output == *'after: must be shorter than log-keep-hours of [store]'* ]]
	[[ $output == *'max-age: must be longer than after'* ]]
	set_config away after 1s
	set_config push control ''
	refuses 'control: may be empty only where [away] is unused'
}
