/*
 * The table of configuration keys: the one place that names them, with their
 * defaults and what they may be. The page tidings.conf(5) and the sample file
 * say the same, and a test compares them.
 *
 * CONFDIR, STATEDIR and RUNDIR are set by the build.
 */
#include "lib/config.h"

#include "lib/address.h"
#include "lib/notification.h"

#include <arpa/inet.h>
#include <sys/un.h>

#define K UINT64_C(1024)
#define M (1024 * K)
#define G (1024 * M)

#define MINUTE 60
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

enum {
	TEXT_MAX = 1024,
	SOCKET_MAX = sizeof(((struct sockaddr_un *)0)->sun_path) - 1,
};

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool only_has(const char *text, const char *others)
{
	for (; *text; text++) {
		if (!is_letter(*text) && !is_digit(*text) && !strchr(others, *text))
			return false;
	}
	return true;
}

/* RFC 6265 section 4.1.1 takes it from RFC 2616: any visible ASCII less the separators. */
static bool is_cookie_name(const char *text)
{
	return only_has(text, "!#$%&'*+-.^_`|~");
}

/* RFC 6749 section 3.3 */
static bool is_scope(const char *text)
{
	for (; *text; text++) {
		if (*text <= ' ' || *text > '~' || *text == '"' || *text == '\\')
			return false;
	}
	return true;
}

/* As useradd(8) takes them, or a number. */
static bool is_local_user(const char *text)
{
	return (is_letter(*text) || is_digit(*text) || *text == '_') && only_has(text, "_-.");
}

static bool is_port(const char *text)
{
	size_t len = strlen(text);
	long port = 0;

	if (len == 0 || len > 5 || strspn(text, "0123456789") != len)
		return false;
	for (; *text; text++)
		port = port * 10 + (*text - '0');
	return port >= 1 && port <= 65535;
}

/* Whether the first len bytes are an address of the family. */
static bool is_address(int family, const char *text, size_t len)
{
	char copy[INET6_ADDRSTRLEN];
	struct in6_addr address;

	if (len >= sizeof(copy))
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	return inet_pton(family, copy, &address) == 1;
}

static bool is_listener(const char *text)
{
	const char *colon = strrchr(text, ':');
	size_t len;

	if (text[0] == '/')
		return text[1] != '\0' && strlen(text) <= SOCKET_MAX;
	if (!colon)
		return is_port(text);
	len = (size_t)(colon - text);
	if (!is_port(colon + 1))
		return false;
	if (text[0] == '[')
		return text[len - 1] == ']' && is_address(AF_INET6, text + 1, len - 2);
	return is_address(AF_INET, text, len);
}

static bool is_proxy(const char *text)
{
	return strcmp(text, "unix") == 0 || is_address(AF_INET, text, strlen(text)) ||
	       is_address(AF_INET6, text, strlen(text));
}

static bool is_network(const char *text)
{
	struct network network;

	return network_parse(slice_of(text), &network) == 0;
}

static bool ends_in(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

/* A browser leaves the default port out, so an origin with it would never match. */
static bool has_default_port(const char *origin)
{
	return (strncmp(origin, "https:", 6) == 0 && ends_in(origin, ":443")) ||
	       (strncmp(origin, "http:", 5) == 0 && ends_in(origin, ":80"));
}

static bool is_host(const char *text, size_t len)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-._";

	if (len > 2 && text[0] == '[' && text[len - 1] == ']')
		return is_address(AF_INET6, text + 1, len - 2);
	return len > 0 && strspn(text, allowed) >= len;
}

/* As browsers write it (RFC 6454 section 6.2): lower case, no path, no default port. */
static bool is_origin(const char *text)
{
	size_t scheme = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789+-.");
	const char *host = text + scheme + 3;
	const char *colon;

	if (scheme == 0 || is_digit(text[0]) || strncmp(text + scheme, "://", 3) != 0 ||
		has_default_port(text))
		return false;
	colon = strrchr(host, ':');
	if (colon && !strchr(colon, ']'))
		return is_host(host, (size_t)(colon - host)) && is_port(colon + 1);
	return is_host(host, strlen(host));
}

static bool is_url_path(const char *text)
{
	return text[0] == '/' && !ends_in(text, "/") && !strstr(text, "//") &&
	       only_has(text, "/-._~");
}

static bool is_socket_path(const char *text)
{
	return text[0] == '/' && text[1] != '\0' && strlen(text) <= SOCKET_MAX;
}

/* What leaves the machine is encrypted; what stays on it need not be. */
static bool is_loopback(const char *host)
{
	static const char *const names[] = { "localhost", "127.0.0.1", "[::1]" };
	size_t len = 0;

	for (size_t i = 0; len == 0 && i < sizeof(names) / sizeof(names[0]); i++)
		if (strncmp(host, names[i], strlen(names[i])) == 0)
			len = strlen(names[i]);
	if (len > 0 && host[len] == ':')
		len += 1 + strspn(host + len + 1, "0123456789");
	return len > 0 && strchr("/?", host[len]); /* or the end */
}

static bool is_receiver(const char *text)
{
	for (const char *c = text; *c; c++)
		if (*c <= ' ' || *c > '~')
			return false;
	if (strncmp(text, "http://", 7) == 0)
		return is_loopback(text + 7);
	return strncmp(text, "https://", 8) == 0 && !strchr("/?:", text[8]);
}

static bool is_command(const char *text)
{
	return text[0] == '/' && text[1] != '\0';
}

static bool is_category(const char *text)
{
	return strlen(text) <= NOTIFICATION_CATEGORY_MAX &&
	       notification_category_valid(slice_of(text));
}

static const char *const engines[] = { "bdb", NULL };
static const char *const durabilities[] = {
	[DURABILITY_SYNC] = "sync",
	[DURABILITY_WRITE] = "write",
	NULL,
};
static const char *const when_full[] = {
	[WHEN_FULL_EVICT_OLDEST] = "evict-oldest",
	[WHEN_FULL_REFUSE_NEWEST] = "refuse-newest",
	NULL,
};
static const char *const algorithms[] = { "HS256", "HS384", "HS512", "RS256", "RS384", "RS512",
	"ES256", "ES384", "ES512", NULL };

static const char *const types[] = { "info", "success", "warning", "error", NULL };
static const char *const log_levels[] = { "error", "warning", "info", "debug", NULL };

static const struct config_format engine_words = { .words = engines };
static const struct config_format durability_words = { .words = durabilities };
static const struct config_format when_full_words = { .words = when_full };
static const struct config_format algorithm_words = { .words = algorithms };
static const struct config_format log_level_words = { .words = log_levels };
static const struct config_format cookie_name = { .valid = is_cookie_name,
	.noun = "a cookie name: letters, digits and !#$%&'*+-.^_`|~" };
static const struct config_format scope = { .valid = is_scope,
	.noun = "one word of a scope: visible ASCII without spaces, \" and \\" };
static const struct config_format local_user = { .valid = is_local_user,
	.noun = "the name or the number of a local user" };
static const struct config_format listener = { .valid = is_listener,
	.noun = "ADDRESS:PORT, [ADDRESS]:PORT, PORT or the absolute path of a socket"
		" (at most 107 bytes)" };
static const struct config_format proxy = { .valid = is_proxy,
	.noun = "an IPv4 or IPv6 address or the word unix" };
static const struct config_format network = { .valid = is_network,
	.noun = "an IPv4 or IPv6 address, a network such as 192.0.2.0/24 or the word unix" };
static const struct config_format origin = { .valid = is_origin,
	.noun = "an origin as browsers send it: https://example.org, in lower case,"
		" without a path and a default port" };
static const struct config_format url_path = { .valid = is_url_path,
	.noun = "a URL path such as /api/notifications, without a / at its end" };
static const struct config_format socket_path = { .valid = is_socket_path,
	.noun = "the absolute path of a socket (at most 107 bytes)" };
static const struct config_format command = { .valid = is_command,
	.noun = "the absolute path of a program, with arguments behind it" };
static const struct config_format receiver = { .valid = is_receiver,
	.noun = "an address that begins with https:// (http:// only of localhost, 127.0.0.1 or"
		" [::1])" };
static const struct config_format type_words = { .words = types };
static const struct config_format category = { .valid = is_category,
	.noun = "a category: 1 to 64 of a-z 0-9 . _ -" };

/* The last columns of the table: kind, field, limits, format */
#define FIELD(field)		       offsetof(struct config, field)
#define STRING(field, least, format)   CONFIG_STRING, FIELD(field), least, TEXT_MAX, format
#define PATH(field, least, format)     CONFIG_PATH, FIELD(field), least, TEXT_MAX, format
#define LIST(field, format)	       CONFIG_LIST, FIELD(field), 1, TEXT_MAX, format
#define BOOL(field)		       CONFIG_BOOL, FIELD(field), 0, 1, NULL
#define NUMBER(field, least, greatest) CONFIG_NUMBER, FIELD(field), least, greatest, NULL
#define DURATION(field, least, greatest) CONFIG_DURATION, FIELD(field), least, greatest, NULL
#define SIZE(field, least, greatest)   CONFIG_SIZE, FIELD(field), least, greatest, NULL
#define CHOICE(field, format)	       CONFIG_CHOICE, FIELD(field), 0, 0, format

/* clang-format off */
static const struct config_key keys[] = {
	{ "store", "engine", "bdb", STRING(store.engine, 1, &engine_words) },
	{ "store", "socket", RUNDIR "/store.sock", PATH(store.socket, 1, &socket_path) },
	{ "store", "home", STATEDIR, PATH(store.home, 1, NULL) },
	{ "store", "durability", "sync", CHOICE(store.durability, &durability_words) },
	{ "store", "cache", "64M", SIZE(store.cache, 1 * M, 64 * G) },
	{ "store", "disk-reserve", "64M", SIZE(store.disk_reserve, 1 * M, 1024 * G) },
	{ "store", "retention-days", "90", NUMBER(store.retention_days, 0, 36500) },
	{ "store", "max-per-user", "1000", NUMBER(store.max_per_user, 0, 1000000) },
	{ "store", "log-keep-hours", "24", NUMBER(store.log_keep_hours, 0, 8760) },
	{ "store", "api-users", "tidings-api,tidings-pushd", LIST(store.api_users, &local_user) },

	{ "auth", "algorithm", "HS256", STRING(auth.algorithm, 1, &algorithm_words) },
	{ "auth", "key-file", CONFDIR "/jwt.key", PATH(auth.key_file, 0, NULL) },
	{ "auth", "keys-dir", "", PATH(auth.keys_dir, 0, NULL) },
	{ "auth", "issuer", "", STRING(auth.issuer, 0, NULL) },
	{ "auth", "audience", "", STRING(auth.audience, 0, NULL) },
	{ "auth", "leeway", "30", NUMBER(auth.leeway, 0, 3600) },
	{ "auth", "user-claim", "sub", STRING(auth.user_claim, 1, NULL) },
	{ "auth", "role-claim", "role", STRING(auth.role_claim, 1, NULL) },
	{ "auth", "publisher-roles", "admin,service", LIST(auth.publisher_roles, NULL) },
	{ "auth", "publisher-scope", "notifications:write", STRING(auth.publisher_scope, 0, &scope) },
	{ "auth", "admin-roles", "admin", LIST(auth.admin_roles, NULL) },
	{ "auth", "publisher-keys", CONFDIR "/publishers", PATH(auth.publisher_keys, 0, NULL) },
	{ "auth", "cookie", "", STRING(auth.cookie, 0, &cookie_name) },
	{ "auth", "query-token", "no", BOOL(auth.query_token) },

	{ "web", "allowed-origins", "", LIST(web.allowed_origins, &origin) },
	{ "web", "trusted-proxies", "127.0.0.1,::1,unix", LIST(web.trusted_proxies, &proxy) },
	{ "web", "max-body", "64K", SIZE(web.max_body, 1 * K, 4 * M) },
	{ "web", "workers", "16", NUMBER(web.workers, 1, 256) },

	{ "push", "listen", "", LIST(push.listen, &listener) },
	{ "push", "control", RUNDIR "/push-control.sock", PATH(push.control, 0, &socket_path) },
	{ "push", "path", "/api/notifications", STRING(push.path, 0, &url_path) },
	{ "push", "ping-interval", "30", NUMBER(push.ping_interval, 1, 3600) },
	{ "push", "auth-timeout", "10", NUMBER(push.auth_timeout, 1, 300) },
	{ "push", "max-connections", "100000", NUMBER(push.max_connections, 1, 1000000) },
	{ "push", "max-connections-per-user", "5",
		NUMBER(push.max_connections_per_user, 1, 1000000) },
	{ "push", "max-unauthenticated", "5000", NUMBER(push.max_unauthenticated, 1, 1000000) },
	{ "push", "when-full", "evict-oldest", CHOICE(push.when_full, &when_full_words) },
	{ "push", "max-message", "4K", SIZE(push.max_message, 1 * K, 1 * M) },
	{ "push", "send-queue", "64K", SIZE(push.send_queue, 4 * K, 16 * M) },
	{ "push", "stall-timeout", "30", NUMBER(push.stall_timeout, 1, 3600) },
	{ "push", "max-messages-per-second", "20",
		NUMBER(push.max_messages_per_second, 1, 10000) },

	{ "away", "run", "", STRING(away.run, 0, &command) },
	{ "away", "url", "", STRING(away.url, 0, &receiver) },
	{ "away", "secret-file", "", PATH(away.secret_file, 0, NULL) },
	{ "away", "ca-file", "", PATH(away.ca_file, 0, NULL) },
	{ "away", "after", "15m", DURATION(away.after, 1, 7 * DAY) },
	{ "away", "max-age", "1d", DURATION(away.max_age, 2, 365 * DAY) },
	{ "away", "retry", "30s", DURATION(away.retry, 1, 1 * HOUR) },
	{ "away", "timeout", "30s", DURATION(away.timeout, 1, 10 * MINUTE) },
	{ "away", "max-per-message", "20", NUMBER(away.max_per_message, 1, 100) },
	{ "away", "max-at-once", "4", NUMBER(away.max_at_once, 1, 64) },
	{ "away", "types", "", LIST(away.types, &type_words) },
	{ "away", "categories", "", LIST(away.categories, &category) },
	{ "away", "state", STATEDIR "-away", PATH(away.state, 1, NULL) },
	{ "away", "user", "tidings-away", STRING(away.user, 1, &local_user) },

	{ "status", "path", "/tidings-status", STRING(status.path, 1, &url_path) },
	{ "status", "allow", "127.0.0.1,::1,unix", LIST(status.allow, &network) },

	{ "log", "level", "info", STRING(log.level, 1, &log_level_words) },
	{ 0 },
};
/* clang-format on */

const struct config_key *config_keys(void)
{
	return keys;
}
