#!/usr/bin/env perl
# Sends one notification to a user: send.pl USER TITLE MESSAGE KEY
#
# KEY names what has happened, as order-2041-paid: by it a repeat does no harm, so what was
# not answered, or with 503, is sent again.
#
# All modules are Perl's own; for https HTTP::Tiny wants IO::Socket::SSL besides (on Debian
# libio-socket-ssl-perl).
#
# Environment: TIDINGS_URL as https://example.org/api/notifications; TIDINGS_TOKEN is a
# publisher key, which "tidings key add" makes, or the token of a service.
use strict;
use warnings;
use Encode qw(decode);
use HTTP::Tiny;
use JSON::PP qw(decode_json);
use List::Util qw(min);

use constant ATTEMPTS => 6;
use constant NO_ANSWER => 599;    # of HTTP::Tiny

binmode STDERR, ':encoding(UTF-8)';

sub reason {
	my ($response) = @_;

	return $response->{content} if $response->{status} == NO_ANSWER;
	my $answer = eval { decode_json($response->{content}) };
	return ref $answer eq 'HASH' && $answer->{error} || "the server answered $response->{status}";
}

sub notify {
	my ($user, $title, $message, $key, $type) = @_;
	my $http = HTTP::Tiny->new(timeout => 30, verify_SSL => 1);
	my $request = {
		headers => {
			'Authorization'   => "Bearer $ENV{TIDINGS_TOKEN}",
			'Content-Type'    => 'application/json',
			'Idempotency-Key' => $key,
		},
		# In one order, for a repeat must be the same to the byte
		content => JSON::PP->new->utf8->canonical->encode(
			{ userId => $user, type => $type // 'info', title => $title, message => $message }),
	};
	my $response;

	for my $attempt (1 .. ATTEMPTS) {
		$response = $http->post("$ENV{TIDINGS_URL}/", $request);
		return decode_json($response->{content})->{notification} if $response->{success};
		last unless grep { $response->{status} == $_ } 502, 503, 504, NO_ANSWER;
		my ($wait) = ($response->{headers}{'retry-after'} // '') =~ /^(\d+)$/;
		sleep min($wait // 2**($attempt - 1), 60) if $attempt < ATTEMPTS;
	}
	die reason($response), "\n";
}

if (@ARGV != 4) {
	print STDERR "Usage: send.pl USER TITLE MESSAGE KEY\n";
	exit 2;
}
eval { notify(map { decode('UTF-8', $_) } @ARGV); 1 } or do {
	print STDERR $@;
	exit 1;
};
