#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2030,SC2031,SC2034 # common.bash and units.bash set them, each test for itself
# What README.md, tidings-operations(7) and tidings-security(7) have an administrator do, word by word.
#
# Runs inside a systemd of its own
bats_require_minimum_version 1.5.0
load common
load units/units
load push/drive

setup_file() {
	[ "$(systemctl is-system-running 2>/dev/null)" = running ] || skip 'this takes a systemd to throw away: run-bats has one'
	[ "$unitdir" = /usr/lib/systemd/system ] || [ "$unitdir" = /usr/local/lib/systemd/system ] ||
		skip 'systemd does not look for units where this build installs them: configure with --prefix=/usr'
	! grep -q __asan_init "$top_builddir/stored/tidings-stored" ||
		skip 'sanitizers need what the units forbid'
	begin_tests
	unset TIDINGS_CONFIG
	export PATH=$bindir:$PATH
	make -s -C "$top_builddir" install >"$dir/install.log" 2>&1
	as_in_readme systemd-sysusers
	cp "$confdir/tidings.conf" "$dir/shipped.conf"
	start_web_server
	# Tokens of the tests are made with the key that README.md has made
	export key_file=$confdir/jwt.key
}

teardown_file() {
	[ -z "${dir-}" ] || rm -rf "$dir"
}

sudo() {
	"$@"
}

# as_in_readme TEXT: runs the block for the shell that holds it, where this build puts things
as_in_readme() {
	local block

	block=$(awk -v text="$1" '
		/^```sh$/ { inside = 1; block = ""; next }
		/^```$/ { if (inside && index(block, text)) printf "%s", block; inside = 0 }
		inside { block = block $0 "\n" }' "$top_srcdir/README.md" |
		sed "s|/etc/tidings|$confdir|; s|/usr/share/doc/tidings|$docdir|; s|https://example.org|${site-http://127.0.0.1:8080}|")
	run_block "$block"
}

# as_in_page PATTERN [PAGE]: runs the commands that tidings-operations(7), or another page, shows
# an administrator and that match
as_in_page() {
	run_block "$(shown "${2-tidings-operations.7}" "$1")"
}

run_block() {
	[ -n "$1" ]
	(set -euo pipefail && eval "$1")
}

# configure_auth LINE...: these lines in [auth], and all else as it was installed
configure_auth() {
	{ cat "$dir/shipped.conf" && printf '%s\n' '[auth]' "$@"; } >"$confdir/tidings.conf"
}

token_of() { # USER KEY-FILE [KID]
	mint_token "$(jq -cn --arg kid "${3-}" '{alg: "HS256", typ: "JWT"} + if $kid == "" then {} else {kid: $kid} end')" \
		"$(jq -cn --arg user "$1" '{sub: $user, role: "service", iat: (now | floor), exp: ((now | floor) + 3600)}')" "$2"
}

# holds TOKEN: a token that is accepted; refuses TOKEN CODE: one that is not
holds() {
	TOKEN=$1 api GET /unread-count
	expect_status 200
}

refuses() {
	TOKEN=$1 api GET /unread-count
	expect_error 401 "$2"
}

# Follows a stream with this token until it ends; what it brings is in $dir/stream
follow() {
	curl -sSN --max-time 60 --unix-socket "$rundir/push.sock" -H "Authorization: Bearer $1" \
		http://localhost/api/notifications/stream >"$dir/stream" 2>&1 3>&- &
	stream=$!
	await grep -q '^event: unread_count' "$dir/stream"
}

ended_with() { # CODE
	wait "$stream" || true
	grep -q '^event: auth_failed' "$dir/stream"
	grep -q "\"$1\"" "$dir/stream"
}

@test "README: what is installed runs, and the first notification is there" {
	as_in_readme 'curl "$TIDINGS_URL/"' >"$dir/answer"
	[ "$(jq -r .notification.title "$dir/answer")" = Paid ]
	TOKEN=$(make_token alice) api GET /
	expect '.unreadCount == 1 and .notifications[0].message == "Invoice 2041 was paid."'
	[ "$(stat -c '%a %G' "$confdir/jwt.key")" = "640 tidings-keys" ]
}

@test "README: check and export" {
	cd "$dir"
	as_in_readme 'tidings check' >"$dir/said" 2>&1
	[ "$(jq -r 'select(.userId == "alice").message' everything.jsonl)" = "Invoice 2041 was paid." ]
}

# All of them take port 80
teardown() {
	systemctl stop nginx lighttpd apache2 2>/dev/null || true
}

# behind SERVICE TEXT: the recipe for it, which has this text, and what comes next in README.md
behind() {
	local site=http://localhost

	systemctl start "$1"
	await curl -s -o "$dir/answer" "$site" # a reload before that would end it
	as_in_readme "$2"
	tidings key revoke shop || true # which what comes next makes
	await curl -sf "$site/api/notifications/healthz"
	as_in_readme 'curl "$TIDINGS_URL/"' >"$dir/answer"
	[ "$(jq -r .notification.title "$dir/answer")" = Paid ]
	tidings doctor --url "$site/api/notifications"
	grep -qm 1 '^event: unread_count' <(curl -sSN --max-time 60 \
		-H "Authorization: Bearer $(make_token alice)" "$site/api/notifications/stream" 3>&-)
}

@test "README: behind nginx, in the site that Debian has" {
	need nginx nginx-light
	systemctl start nginx
	sed -i '0,/^server {/s||&\n\tinclude snippets/tidings.conf;|' /etc/nginx/sites-available/default
	behind nginx /etc/nginx/snippets/tidings.conf
}

@test "README: behind lighttpd" {
	need lighttpd lighttpd
	behind lighttpd lighty-enable-mod
}

@test "README: behind Apache httpd" {
	need apache2 apache2
	behind apache2 a2enmod
}

# Installing is played here, with nginx as the one that was missing; flock would begin to build
@test "quickstart: a web server that it installs for the tests serves nobody" {
	need nginx nginx-light
	mkdir "$dir/played"
	printf '#!/bin/sh\n%s\n' 'case " $* " in *" install "*) ;; *) exit ;; esac' \
		'[ ! -e /usr/sbin/nginx.away ] || mv /usr/sbin/nginx.away /usr/sbin/nginx' \
		'systemctl enable --now nginx' >"$dir/played/apt-get"
	printf '#!/bin/sh\nexit 1\n' >"$dir/played/flock"
	chmod +x "$dir"/played/*
	mv /usr/sbin/nginx /usr/sbin/nginx.away
	PATH=$dir/played:$PATH run "$top_srcdir/quickstart" check --yes
	[[ $output == *"installing nginx-light"* ]]
	[ "$(systemctl is-active nginx)" = inactive ]
	[ "$(systemctl is-enabled nginx)" = disabled ]
}

@test "a key is replaced: both count meanwhile, and only what came with the old one is closed" {
	old=$(token_of anna "$key_file")
	holds "$old"
	as_in_page '^# install -d'
	configure_auth "keys-dir = $confdir/keys"
	as_in_page '/keys/2027'
	new=$(token_of anna "$confdir/keys/2027" 2027)
	await holds "$new"
	holds "$old"
	holds "$(as_in_page '^# tidings token')"

	follow "$old"
	configure_auth "keys-dir = $confdir/keys" 'key-file ='
	as_in_page '^# systemctl try-reload'
	ended_with token_signature
	await refuses "$old" token_algorithm
	holds "$new"
}

@test "a key that has leaked counts for nothing, and its sockets are closed" {
	configure_auth
	systemctl restart tidings-api tidings-pushd
	stolen=$(token_of anna "$key_file")
	await holds "$stolen"
	follow "$stolen"
	as_in_page '/jwt[.]key'
	ended_with token_signature
	await refuses "$stolen" token_signature
	holds "$(token_of anna "$key_file")"
}

@test "a token that has leaked counts for nothing, for sending neither" {
	configure_auth
	systemctl restart tidings-api tidings-pushd
	stolen=$(token_of shop "$key_file")
	holds "$stolen"
	follow "$stolen"
	as_in_page '^# tidings disconnect'
	wait "$stream" || true
	grep -q '"disconnected"' "$dir/stream"
	await refuses "$stolen" token_revoked
	TOKEN=$stolen api POST / '{"userId": "anna", "type": "info", "title": "T", "message": "M"}'
	expect_error 401 token_revoked
}

@test "a publisher key that has leaked counts for nothing at once; the services read its file" {
	configure_auth
	systemctl restart tidings-api tidings-pushd
	tidings key revoke shop || true
	stolen=$(tidings key add shop)
	[ "$(stat -c '%a %U %G' "$confdir/publishers")" = "640 root tidings-keys" ]
	text='{"userId": "anna", "type": "info", "title": "T", "message": "M"}'
	TOKEN=$stolen api POST / "$text"
	expect_status 201
	new=$(as_in_page '^# tidings key')
	TOKEN=$stolen api POST / "$text"
	expect_error 401 token_revoked
	TOKEN=$new api POST / "$text"
	expect_status 201
	refute as_user nobody tidings-publish "$bindir/tidings" key list
	[ "$(stat -c '%a %U %G' "$confdir/publishers")" = "640 root tidings-keys" ]
}

@test "backups by the clock, and what is to be looked at" {
	as_in_page '^# systemctl enable'
	ls -d "$localstatedir"/backups/tidings/tidings-*
	as_in_page '^# systemctl list-units' >"$dir/said"
	grep -q '^0 loaded units' "$dir/said"
}

@test "the latest backup takes the place of the store" {
	tidings send restored Kept Message
	as_in_page '^# systemctl enable' tidings-admin.8
	systemctl start tidings-backup.service
	tidings send restored Lost Message
	tidings() { command tidings "$@" --yes; } # there is no terminal to ask on
	as_in_page 'tidings restore' tidings-admin.8
	unset -f tidings
	[ "$(tidings list restored --json | jq -r '.notifications[].title')" = Kept ]
}

@test "how tight the units are" {
	as_in_page '^# systemd-analyze security' tidings-security.7 >"$dir/said"
	[ "$(grep -cE 'Overall exposure level for tidings-(stored|api|pushd).service: [0-2]' "$dir/said")" = 3 ]
}
