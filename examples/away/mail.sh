#!/bin/sh
# Mails what nobody was there to read: a program for tidings-away, see tidings-away(8).
#
#	run = /usr/local/libexec/tidings-mail example.org
#
# A user whose name is a mail address is mailed there, any other at the domain that is the
# argument. It takes jq and a sendmail, the one of msmtp-mta for example.
#
# Environment: SENDMAIL in place of /usr/sbin/sendmail; SITE, where the list can be seen.
set -eu

domain=$1
delivery=$(mktemp)
trap 'rm -f "$delivery"' EXIT
cat >"$delivery"

user=$(jq -r .userId "$delivery")
case $user in
*[!A-Za-z0-9._+@-]* | -* | @* | *@*@*)
	echo "$user is no mail address" >&2
	exit 1 # not tried for ever: the third failure is the last one
	;;
*@*) address=$user ;;
*) address=$user@$domain ;;
esac

count=$(jq '.notifications | length' "$delivery")
subject="$count new notifications"
[ "$count" != 1 ] || subject=$(jq -r '.notifications[0].title' "$delivery")

# What sendmail ends with is what this ends with: 75 has it tried again. The identifier is
# the same then, and a mailbox that has the message already can tell.
{
	printf 'From: Notifications <notifications@%s>\n' "$domain"
	printf 'To: <%s>\n' "$address"
	printf 'Subject: =?UTF-8?B?%s?=\n' "$(printf %s "$subject" | head -c 400 | iconv -cf UTF-8 -t UTF-8 | base64 -w 0)"
	printf 'Message-ID: <%s@%s>\n' "$(jq -r .deliveryId "$delivery")" "$domain"
	printf 'Auto-Submitted: auto-generated\n'
	printf 'MIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: base64\n\n'
	{
		jq -r '.notifications[] | "\(.title)\n\(.message)\n\(.link // "")\n"' "$delivery"
		jq -r '"\(.unreadCount) unread in all."' "$delivery"
		[ -z "${SITE-}" ] || echo "$SITE"
	} | base64
} | "${SENDMAIL:-/usr/sbin/sendmail}" -i -- "$address"
