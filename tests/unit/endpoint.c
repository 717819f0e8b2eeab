/* Addresses given as text; listening at them and probing them. */
#include "cgi/endpoint.h"

#include "lib/result.h"
#include "tests/tap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static void check_internet(const char *text, int family, const char *address, uint16_t port)
{
	struct endpoint endpoint;
	char printed[INET6_ADDRSTRLEN] = "";
	struct sockaddr_in inet;
	struct sockaddr_in6 inet6;

	if (!ok_int_equal(endpoint_parse(text, &endpoint), 0, "%s", text))
		return;
	ok_int_equal(endpoint.address.any.sa_family, family, "its family");
	memcpy(&inet, &endpoint.address, sizeof(inet));
	memcpy(&inet6, &endpoint.address, sizeof(inet6));
	if (family == AF_INET)
		inet_ntop(family, &inet.sin_addr, printed, sizeof(printed));
	else
		inet_ntop(family, &inet6.sin6_addr, printed, sizeof(printed));
	ok_string_equal(printed, address, "its address");
	ok_int_equal(ntohs(family == AF_INET ? inet.sin_port : inet6.sin6_port), port, "its port");
}

static void test_bad(void)
{
	static const char *const bad[] = {
		"",
		":",
		"0",
		"65536",
		"-1",
		"80x",
		"localhost:80",
		"1.2.3:80",
		"1.2.3.4:",
		"1.2.3.4:0",
		"::1:80",
		"[::1]",
		"[::1:80",
		"[]:80",
		":80",
		"[1.2.3.4",
		"a:b",
		"1111:1111:1111:1111:1111:1111:1111:1111:1111:80",
		"[0000000000000000000000000000000000000000000000001]:80",
	};
	struct endpoint endpoint;

	for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
		ok_int_equal(endpoint_parse(bad[i], &endpoint), -EINVAL, "refuse \"%s\"", bad[i]);
}

static void test_path_length(void)
{
	char path[sizeof(((struct sockaddr_un *)0)->sun_path) + 1];
	struct endpoint endpoint;

	memset(path, 'x', sizeof(path));
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	ok_int_equal(endpoint_parse(path, &endpoint), -EINVAL, "a path that does not fit");
	path[sizeof(path) - 2] = '\0';
	ok_int_equal(endpoint_parse(path, &endpoint), 0, "the longest path that does");
	ok_string_equal(endpoint.address.local.sun_path, path, "is kept whole");
}

static void test_listening(const char *directory)
{
	struct endpoint endpoint;
	char path[100];
	int first_fd = -1, second_fd = -1;
	struct stat status;

	snprintf(path, sizeof(path), "%s/socket", directory);
	ok_int_equal(endpoint_parse(path, &endpoint), 0, "a path");
	ok_int_equal(endpoint_probe(&endpoint, 1000), -ENOENT, "nobody is there");
	ok_int_equal(endpoint_listen(&endpoint, &first_fd), 0, "listen");
	ok_int_equal(endpoint_probe(&endpoint, 1000), 0, "somebody is there");
	ok_int_equal(endpoint_listen(&endpoint, &second_fd), -EADDRINUSE,
		"a socket in use is not taken away");
	ok_int_equal(second_fd, -1, "and the descriptor is untouched");
	close(first_fd);
	ok_int_equal(endpoint_probe(&endpoint, 1000), -ECONNREFUSED, "a file that is left");
	ok_int_equal(endpoint_listen(&endpoint, &second_fd), 0, "is replaced");
	ok_int_equal(endpoint_probe(&endpoint, 1000), 0, "and works");
	close(second_fd);
	endpoint_remove(&endpoint);
	tap_ok(stat(path, &status) < 0 && errno == ENOENT, "the file is gone in the end");
}

static void test_no_socket_file(const char *directory)
{
	struct endpoint endpoint;
	char path[100];
	struct stat status;
	int fd = -1;
	FILE *file;

	snprintf(path, sizeof(path), "%s/file", directory);
	file = fopen(path, "w");
	fputs("precious", file);
	fclose(file);
	endpoint_parse(path, &endpoint);
	tap_ok(endpoint_listen(&endpoint, &fd) < 0, "a file that is no socket is in the way");
	tap_ok(stat(path, &status) == 0 && status.st_size == 8, "and stays as it was");
	unlink(path);
}

int main(void)
{
	char directory[] = "/tmp/endpoint-XXXXXX";

	check_internet("8080", AF_INET, "127.0.0.1", 8080);
	check_internet("0.0.0.0:1", AF_INET, "0.0.0.0", 1);
	check_internet("192.0.2.7:65535", AF_INET, "192.0.2.7", 65535);
	check_internet("[::1]:80", AF_INET6, "::1", 80);
	check_internet("[2001:db8::7]:443", AF_INET6, "2001:db8::7", 443);
	test_bad();
	test_path_length();
	if (!mkdtemp(directory))
		return 1;
	test_listening(directory);
	test_no_socket_file(directory);
	rmdir(directory);
	return tap_done();
}
