# For units.bats and package.bats, beside common.bash: tidings installed on a machine that may be spoilt.

# shellcheck source=/dev/null # made by make check
. "$top_builddir/tests/system/installed.bash"

services=(tidings-stored.service tidings-api.service tidings-pushd.service tidings-status.service)
sockets=(tidings-stored.socket tidings-api.socket tidings-pushd.socket tidings-pushd-control.socket
	tidings-status.socket)

# Skips what cannot be run without this, unless it must be
need() { # COMMAND PACKAGE
	command -v "$1" >/dev/null && return
	[ "${CI-}" != true ] || { echo "$1 is missing (on Debian: apt-get install $2)" >&2; return 1; }
	skip "$1 is not installed (on Debian: apt-get install $2)"
}

# All files, and the directories of tidings; but for what systemd and the tests themselves keep
all_files() {
	{
		find /etc /usr /var -xdev \( -path /var/log -o -path /var/tmp -o -path /var/cache \
			-o -path /var/lib/systemd -o -path /var/lib/dpkg -o -path /var/lib/apt -o -path /var/lib/PackageKit \
			-o -path /var/lib/lighttpd -o -path "$top_builddir" \) \
			-prune -o \( ! -type d -o -name '*tidings*' \) -print
		find /run -xdev -path '/run/tidings*'
	} | sort
}

# As an administrator would do it
install_tidings() {
	make -s -C "$top_builddir" install >"$dir/install.log" 2>&1 || { cat "$dir/install.log" >&2; return 1; }
	systemd-sysusers
	put_key "$key_file"
	systemctl daemon-reload
	systemctl enable --now tidings.target
}

put_key() { # FILE
	install -m 600 "$1" "$confdir/jwt.key"
	systemd-tmpfiles --create tidings.conf
}

# A web server as its usual user, at $url
start_web_server() {
	chmod 755 "$dir"
	cat >"$dir/lighttpd.conf" <<-TEXT
		server.modules = ("mod_fastcgi", "mod_proxy")
		server.document-root = "$dir/www"
		server.bind = "127.0.0.1"
		server.port = 8080
		server.max-connections = 2000
		\$HTTP["url"] =~ "^/api/notifications/(ws|stream)\$" {
			proxy.server = ("" => (("host" => "$rundir/push.sock")))
			proxy.header = ("upgrade" => "enable")
			server.stream-response-body = 2
		} else \$HTTP["url"] =~ "^/api/notifications(/|\$)" {
			fastcgi.server = ("/api/notifications" => ((
				"socket" => "$rundir/api.sock", "check-local" => "disable")))
		} else \$HTTP["url"] =~ "^/tidings-status(/|\$)" {
			fastcgi.server = ("/tidings-status" => ((
				"socket" => "$rundir/status.sock", "check-local" => "disable")))
		}
	TEXT
	systemd-run -q --unit=web-server -p User="$web_group" -p Group="$web_group" \
		"$(command -v lighttpd)" -D -f "$dir/lighttpd.conf"
	export push=8080 url=http://127.0.0.1:8080/api/notifications
	await curl -s -o /dev/null http://127.0.0.1:8080/
}

# await COMMAND...: until it succeeds
await() {
	local tries

	for ((tries = 0; tries < 400; tries++)); do
		! "$@" >/dev/null 2>&1 || return 0
		sleep 0.05
	done
	echo "not so within 20 seconds: $*" >&2
	"$@"
}

property() { # UNIT NAME
	systemctl show --value -p "$2" "$1"
}

is() { # UNIT NAME VALUE
	[ "$(property "$1" "$2")" = "$3" ]
}

is_not() { # UNIT NAME VALUE
	! is "$@"
}

# drop_in UNIT [LINE...]: puts these lines into its [Service], until as_shipped
drop_in() {
	mkdir -p "/run/systemd/system/$1.d"
	printf '%s\n' '[Service]' "${@:2}" >"/run/systemd/system/$1.d/test.conf"
	systemctl daemon-reload
}

# shown_drop_in UNIT SETTING [SED-SCRIPT]: puts in place what tidings-units(7) or tidings-away(8)
# shows with this setting, until as_shipped
shown_drop_in() {
	mkdir -p "/run/systemd/system/$1.d"
	{ shown tidings-units.7 "$2" && shown tidings-away.8 "$2"; } |
		sed "${3-}" >"/run/systemd/system/$1.d/test.conf"
	systemctl daemon-reload
}

# Takes back whatever a test has changed, and has all sockets open again
as_shipped() {
	rm -rf /run/systemd/system/tidings-*.d
	cat "$dir/shipped.conf" >"$confdir/tidings.conf"
	put_key "$key_file"
	systemctl daemon-reload
	systemctl reset-failed 'tidings-*'
	systemctl stop "${services[@]}"
	systemctl enable -q tidings.target
	systemctl restart "${sockets[@]}"
}

# as_user USER GROUPS COMMAND...: with these groups beside the user's own
as_user() {
	setpriv --reuid "$1" --regid nogroup --groups "$2" "${@:3}"
}

# said UNIT TEXT: since the boot, in the journal
said() {
	journalctl --sync
	journalctl -u "$1" --no-pager -o cat | grep -qF -- "$2"
}
