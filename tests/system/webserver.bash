# Web servers with the samples of conf/, beside common.bash. Nothing of a sample is changed but
# where it finds sockets and programs; what stands around it is the least that such a server
# needs, and what Debian has on by itself.
#
# With WEB_SERVER=NAME the tests that use begin_tests and start_lighttpd have that one for it:
#
#	WEB_SERVER=nginx make check TESTS=tests/system/rest.bats
#
# NAME is that of a sample. Beside it stand the server, and whether open sockets stay at a
# reload or end.

# shellcheck disable=SC2154 # variables come from common.bash
web_servers='
	lighttpd             lighttpd  end
	lighttpd-cgi         lighttpd  end
	nginx                nginx     stay
	apache-proxy         apache    stay
	apache-fcgid         apache    stay
	nginx-before-apache  nginx     stay
'
apache_modules=/usr/lib/apache2/modules

server_of() { # NAME
	awk -v name="$1" '$1 == name { print $2 }' <<<"$web_servers" | grep .
}

sockets_at_reload() {
	awk -v name="$WEB_SERVER" '$1 == name { print $3 }' <<<"$web_servers" | grep .
}

# Skips what cannot be run here, unless it must be
need_web_server() { # NAME
	local -a files=(/usr/sbin/lighttpd)

	case $1 in
	nginx) files=(/usr/sbin/nginx) ;;
	nginx-before-apache) files=(/usr/sbin/nginx /usr/sbin/apache2) ;;
	apache-proxy) files=(/usr/sbin/apache2) ;;
	apache-fcgid) files=(/usr/sbin/apache2 "$apache_modules/mod_fcgid.so") ;;
	esac
	ls "${files[@]}" >/dev/null && return
	[ "${CI-}" != true ] || return 1
	skip "not installed: one of ${files[*]}"
}

# The user that the web server serves as, and that the programs are which it starts. Without
# root all are one user.
web_user() {
	if [ "$(id -u)" = 0 ]; then
		echo www-data
	else
		id -un
	fi
}

# What begin_tests has made becomes fit for another user: with root, that one has the group of
# what is made in $dir, as it has that of the sockets that systemd makes.
admit_web_server() {
	case $WEB_SERVER in
	*-cgi | *-fcgid) set_config store api-users "$(web_user)" ;;
	esac
	mkdir "$dir/bin"
	mkdir -m 770 "$dir/web"
	cp "$top_builddir"/cgi/{notifications,status}.fcgi "$dir/bin"
	echo "$dir" >"$dir/www/whose.html"
	umask 007
	chgrp -R "$(id -gn "$(web_user)")" "$dir"
	chmod 640 "$key_file"
	chmod 2750 "$dir"
}

# The sample as it is shipped, with what there is here. Leaves it at $dir/NAME.conf.
fill_in_sample() { # NAME APACHE-PORT
	sed -e "s|@rundir@|$dir|g; s|@fcgidir@|$dir/bin|g; s|127\.0\.0\.1:8080|127.0.0.1:$2|" \
		"$top_srcdir/conf/$1.conf.in" >"$dir/$1.conf"
}

# The one that $WEB_SERVER names. Sets and exports $site and $url (the base).
start_web_server() {
	local behind=''

	if [ "$WEB_SERVER" = nginx-before-apache ]; then
		serve httpd apache apache-proxy || return
		behind=$port
	fi
	serve webserver "$(server_of "$WEB_SERVER")" "$WEB_SERVER" "$behind" || return
	export site=http://127.0.0.1:$port
	export url=$site/api/notifications
}

# serve PROGRAM-NAME SERVER SAMPLE [APACHE-PORT]: starts it at a free port, left in $port. With
# $fault sed makes that of its configuration.
serve() {
	local number file=$dir/$1-server.conf
	local -A command=(
		[lighttpd]="lighttpd -D -f $file"
		[nginx]="nginx -p $dir/web -e $dir/web/nginx.log -c $file"
		[apache]="apache2 -D FOREGROUND -f $file"
	)

	fill_in_sample "$3" "${4-}"
	for number in $(shuf -i 20000-32000 -n 20); do
		"write_$2" "$dir/$3.conf" "$number" >"$file"
		sed -i "${fault-}" "$dir/$3.conf" "$file"
		# shellcheck disable=SC2086 # words
		PATH=$PATH:/usr/sbin launch "$1" start ${command[$2]} || return
		port=$number
		! is_up "$1" || return 0
		stop_program "$1" || true
	done
	tail -n 20 "$dir"/web/*.log >&2
	return 1
}

# Waits until it serves what is in $dir/www, as nobody else does at its port, or has ended
is_up() { # PROGRAM-NAME
	local tries

	for ((tries = 0; tries < 500; tries++)); do
		kill -0 "$(cat "$dir/pids/$1")" 2>/dev/null || return
		[ "$(curl -s "http://127.0.0.1:$port/whose.html")" != "$dir" ] || return 0
		sleep 0.02
	done
	return 1
}

# As its service does it. Processes that are new show that it is done; lighttpd stays one, and
# shows it by the end of the sockets.
reload_web_server() {
	local -A signal=([lighttpd]=USR1 [nginx]=HUP [apache]=USR1)
	local server pid before

	server=$(server_of "$WEB_SERVER")
	pid=$(cat "$dir/pids/webserver")
	before=$(pgrep -P "$pid" | sort)
	kill -"${signal[$server]}" "$pid"
	[ "$server" = lighttpd ] && return
	while [ -z "$(comm -13 <(echo "$before") <(pgrep -P "$pid" | sort))" ]; do
		kill -0 "$pid" || return
		sleep 0.02
	done
}

write_lighttpd() { # SAMPLE PORT
	cat <<-TEXT
		server.modules = ("mod_setenv")
		setenv.set-environment = ("TIDINGS_CONFIG" => "$TIDINGS_CONFIG")
		server.bind = "127.0.0.1"
		server.port = $2
		server.document-root = "$dir/www"
		server.errorlog = "$dir/web/lighttpd.log"
		server.upload-dirs = ("$dir/web")
		server.max-fds = 4096
		server.feature-flags = ("server.graceful-shutdown-timeout" => 1)
		mimetype.assign = (".html" => "text/html")
		$([ "$(id -u)" != 0 ] || printf 'server.%s = "%s"\n' username "$(web_user)" \
			groupname "$(id -gn "$(web_user)")")
		include "$1"
	TEXT
}

write_nginx() { # SAMPLE PORT
	local kind

	cat <<-TEXT
		daemon off;
		pid $dir/web/nginx.pid;
		error_log $dir/web/nginx.log;
		worker_processes 2;
		$([ "$(id -u)" != 0 ] || echo "user $(web_user);")
		events { worker_connections 2048; }
		http {
			access_log off;
			$(for kind in client_body proxy fastcgi uwsgi scgi; do
				echo "${kind}_temp_path $dir/web/$kind;"
			done)
			server {
				listen 127.0.0.1:$2;
				root $dir/www;
				include $1;
				location = /whose.html { }
			}
		}
	TEXT
}

# With the modules that Debian has on by itself and that meddle with what passes. Behind nginx
# it has few workers, for then sockets take none.
write_apache() { # SAMPLE PORT
	local module workers=500

	[ "$WEB_SERVER" != nginx-before-apache ] || workers=25
	cat <<-TEXT
		ServerName localhost
		ServerRoot $dir/web
		PidFile $dir/web/apache.pid
		ErrorLog $dir/web/apache.log
		DefaultRuntimeDir $dir/web
		Listen 127.0.0.1:$2
		$(for module in mpm_event authz_core authz_host alias dir env filter deflate mime reqtimeout setenvif \
			proxy proxy_http proxy_fcgi fcgid; do
			[ ! -e "$apache_modules/mod_$module.so" ] ||
				echo "LoadModule ${module}_module $apache_modules/mod_$module.so"
		done)
		$([ "$(id -u)" != 0 ] || printf 'User %s\nGroup %s\n' "$(web_user)" "$(id -gn "$(web_user)")")
		ServerLimit 20
		ThreadsPerChild 25
		MaxRequestWorkers $workers
		StartServers $((workers / 50 + 1))
		RequestReadTimeout header=20-40,minrate=500 body=10,minrate=500
		TypesConfig /dev/null
		AddType text/html .html
		AddOutputFilterByType DEFLATE application/json text/event-stream
		DocumentRoot $dir/www
		<Directory />
			Require all denied
		</Directory>
		<Directory $dir/www>
			Require all granted
		</Directory>
		<IfModule mod_fcgid.c>
			FcgidInitialEnv TIDINGS_CONFIG "$TIDINGS_CONFIG"
			FcgidIPCDir $dir/web
			FcgidProcessTableFile $dir/web/fcgid
		</IfModule>
		Include $1
		<VirtualHost 127.0.0.1:$2>
		</VirtualHost>
	TEXT
}
