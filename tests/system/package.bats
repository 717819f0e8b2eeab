#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2030,SC2031,SC2034 # common.bash and units.bash set them, each test for itself
# The packages of Debian: built from what a release contains, installed, upgraded under load,
# removed and purged. Each test goes on where the one before it ended.
#
# Runs inside a systemd of its own
bats_require_minimum_version 1.5.0
load common
load units/units
load push/drive

# Where the packages put things, whatever the build is configured for
confdir=/etc/tidings statedir=/var/lib/tidings rundir=/run/tidings web_group=www-data

setup_file() {
	[ "$(systemctl is-system-running 2>/dev/null)" = running ] || skip 'this takes a systemd to throw away: run-bats has one'
	need apt-get apt
	need dpkg-buildpackage dpkg-dev
	need dh debhelper
	need lintian lintian
	need lighttpd lighttpd
	need node nodejs
	begin_tests
	unset TIDINGS_CONFIG
	export DEBIAN_FRONTEND=noninteractive
	# A container that starts no services says so here
	rm -f /usr/sbin/policy-rc.d
	build_packages
	start_web_server
	all_files >"$dir/before"
}

teardown_file() {
	[ -z "${dir-}" ] || rm -rf "$dir"
}

setup() {
	user=user-$BATS_TEST_NUMBER
	if [ -e "$confdir/jwt.key" ]; then
		export key_file=$confdir/jwt.key publisher_token
		publisher_token=$(make_token publisher service)
		TOKEN=$(make_token "$user")
	fi
}

# Makes $dir/tidings_*.deb and tidings-web_*.deb; and $dir/next.deb, the next version
build_packages() {
	build_steps >"$dir/build.log" 2>&1 || { tail -n 50 "$dir/build.log" >&2; return 1; }
}

# set -e does not hold here
build_steps() {
	make -s -C "$top_builddir" distdir distdir="$dir/source" &&
		env -C "$dir/source" DEB_BUILD_OPTIONS="nocheck noautodbgsym parallel=$(nproc)" \
			dpkg-buildpackage -us -uc &&
		dpkg-deb -R "$dir"/tidings_*.deb "$dir/next" &&
		sed -i 's/^Version: .*/&+next/' "$dir/next/DEBIAN/control" &&
		dpkg-deb -b "$dir/next" "$dir/next.deb"
}

# Nothing is fetched: what they depend on is there, for the build needs it
apt_get() {
	apt-get -q -y --no-install-recommends "$@" >"$dir/apt.log" 2>&1 </dev/null ||
		{ cat "$dir/apt.log" >&2; return 1; }
}

version() {
	dpkg-query -W -f '${Version}' tidings
}

install_package() {
	apt_get install "$dir"/tidings_*.deb
}

upgrade_package() {
	apt_get install "$dir/next.deb"
}

@test "lintian has no errors and no warnings" {
	run lintian --fail-on error,warning "$dir"/tidings_*.changes
	echo "$output"
	[ "$status" = 0 ]
}

@test "the descriptions of the interfaces are where the pages say, as they are" {
	local name

	for name in asyncapi.yaml openapi.yaml; do
		dpkg-deb --fsys-tarfile "$dir"/tidings_*.deb | tar -xO "./usr/share/doc/tidings/$name" |
			cmp - "$top_srcdir/doc/$name"
	done
}

@test "behind an installation, the first notification needs nothing more" {
	scenario service first_notification
	[ "$(tidings --version)" = "tidings $(version)" ]
}

@test "the package makes a key, and nobody but those who need it can read it" {
	[ "$(stat -c '%a %U %G' "$confdir/jwt.key")" = '640 root tidings-keys' ]
	[ "$(base64 -d "$confdir/jwt.key" | wc -c)" = 48 ]
	[ "$(find "$confdir" | sort)" = "$confdir
$confdir/jwt.key
$confdir/tidings.conf" ]
	api GET /unread-count
	expect_status 200
	systemctl is-enabled tidings.target "${sockets[@]}"
	refute systemctl is-enabled tidings-backup.timer
}

@test "the web components come as they are" {
	apt_get install "$dir"/tidings-web_*.deb
	diff -r "$top_builddir/web/dist" /usr/share/tidings/web
}

@test "an upgrade under load: clients stay, nothing is lost, nobody is refused" {
	local -A pids

	echo '# kept' >>"$confdir/tidings.conf"
	sed -i 's/^#max-per-user = .*/max-per-user = 0/' "$confdir/tidings.conf"
	systemctl restart tidings-stored.service
	systemctl disable --now tidings-pushd-control.socket
	for service in "${services[@]}"; do
		systemctl start "$service"
		pids[$service]=$(property "$service" MainPID)
	done
	cp "$confdir/jwt.key" "$dir/key"
	scenario service upgrade_under_load
	[[ "$(version)" = *+next ]]
	cmp "$dir/key" "$confdir/jwt.key"
	grep -q '^# kept' "$confdir/tidings.conf"
	# The push daemon became the new program, and so the same process; the others are new ones
	is tidings-pushd.service MainPID "${pids[tidings-pushd.service]}"
	is tidings-pushd.service NRestarts 0
	await test /usr/sbin/tidings-pushd -ef "/proc/${pids[tidings-pushd.service]}/exe"
	test /usr/sbin/tidings-stored -ef "/proc/$(property tidings-stored.service MainPID)/exe"
	test /usr/libexec/tidings/notifications.fcgi -ef "/proc/$(property tidings-api.service MainPID)/exe"
	# What was disabled stays so
	refute systemctl is-enabled tidings-pushd-control.socket
	is tidings-pushd-control.socket ActiveState inactive
	systemctl enable tidings-pushd-control.socket
}

@test "a removal keeps data, key and configuration for the next installation" {
	create "$user"
	systemctl enable --now tidings-backup.timer
	cp "$confdir/jwt.key" "$dir/key"
	apt_get remove tidings
	for unit in "${services[@]}" "${sockets[@]}" tidings.target tidings-backup.timer; do
		is "$unit" ActiveState inactive
	done
	[ -z "$(ps -o pid= -u tidings-stored,tidings-api,tidings-pushd,tidings-status)" ]
	[ ! -e "$rundir" ]
	apt_get install "$dir/next.deb"
	api GET /unread-count
	expect_status 200
	expect '.unreadCount == 1'
	cmp "$dir/key" "$confdir/jwt.key"
	grep -q '^# kept' "$confdir/tidings.conf"
}

@test "a purge leaves nothing but the users" {
	systemctl start "${services[@]}"
	apt_get purge tidings tidings-web
	all_files >"$dir/after"
	comm -13 "$dir/before" "$dir/after" >"$dir/left"
	find /var/lib/systemd/deb-systemd-helper* -name '*tidings*' >>"$dir/left"
	cat "$dir/left"
	[ ! -s "$dir/left" ]
	[ -z "$(systemctl list-units --no-legend 'tidings*')" ]
	getent passwd tidings-stored tidings-api tidings-pushd tidings-status
}
