/* TCP on this machine, see loopback.h. */
#include "tests/bench/loopback.h"

#include "lib/result.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

enum {
	CLIENTS_PER_ADDRESS = 5000, /* the more of its 28,000 ports are taken, the longer the search */
	NARROW_SEGMENT = 1400,	     /* bytes, as through a tunnel over Ethernet */
	NARROW_BUFFER = 4096,	     /* bytes to receive */
};

static struct sockaddr_in loopback_address(uint32_t host)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK + host),
	};
}

int loopback_listen(struct sockaddr_in *ret_address)
{
	_cleanup_(closing_fd) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in address = loopback_address(0);
	socklen_t len = sizeof(address);

	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
		listen(fd, SOMAXCONN) < 0 || getsockname(fd, (struct sockaddr *)&address, &len) < 0)
		return -errno;
	*ret_address = address;
	return take_fd(&fd);
}

/* The first clients come from the address that the kernel takes by itself, for less. */
static int bind_source(int fd, unsigned number)
{
	struct sockaddr_in source = loopback_address(number / CLIENTS_PER_ADDRESS);
	int on = 1;

	if (number < CLIENTS_PER_ADDRESS)
		return 0;
	if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on)) < 0)
		return -errno;
	return bind(fd, (const struct sockaddr *)&source, sizeof(source)) < 0 ? -errno : 0;
}

static int make_narrow(int fd)
{
	int buffer = NARROW_BUFFER, segment = NARROW_SEGMENT;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer)) < 0 ||
		setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof(segment)) < 0)
		return -errno;
	return 0;
}

int loopback_connect(const struct sockaddr_in *address, unsigned number, bool narrow)
{
	_cleanup_(closing_fd) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int r = fd < 0 ? -errno : bind_source(fd, number);

	if (r == 0 && narrow)
		r = make_narrow(fd);
	if (r < 0)
		return r;
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0)
		return -errno;
	return take_fd(&fd);
}
