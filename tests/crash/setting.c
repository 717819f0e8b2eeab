/* The installation under test, see setting.h. */
#include "tests/crash/setting.h"

#include "cgi/endpoint.h"
#include "lib/token.h"
#include "tests/crash/files.h"
#include "tests/tap.h"

#include <errno.h>
#include <limits.h>
#include <sys/stat.h>
#include <time.h>

enum { TOKEN_SECONDS = 7 * 86400 };

static const char NAME[] = "/tidings-crash.XXXXXX";
static const char KEY[] = "a secret for tests, of 32 bytes or more\n";

const char *const program_names[PROGRAMS] = {
	[STORED] = "tidings-stored",
	[API] = "notifications.fcgi",
	[PUSHD] = "tidings-pushd",
};

const char *setting_user(unsigned user, char text[static 16])
{
	snprintf(text, 16, "user%u", user);
	return text;
}

static int write_text(const char *path, const struct buffer *text)
{
	_cleanup_(closing_file) FILE *file = fopen(path, "we");

	if (!file || fwrite(text->data, 1, text->len, file) != text->len || fflush(file) != 0)
		return -errno;
	return 0;
}

static int write_key(const struct setting *setting)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };
	char path[SETTING_PATH + 16];

	snprintf(path, sizeof(path), "%s/jwt.key", setting->directory);
	buffer_append_string(&text, KEY);
	return buffer_status(&text) < 0 ? -ENOMEM : write_text(path, &text);
}

/* Nothing is removed by itself: all that was acknowledged must be found in the end. */
static int write_config(const struct setting *setting, const char *disk_reserve, const char *path,
	const char *durability)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };

	buffer_print(&text, "[store]\nsocket=%s\nhome=%s\ndurability=%s\n",
		setting->sockets[STORED], setting->home, durability);
	buffer_print(&text, "disk-reserve=%s\nmax-per-user=0\nretention-days=0\napi-users=\n", disk_reserve);
	buffer_print(&text, "[auth]\nkey-file=%s/jwt.key\npublisher-keys=%s/publishers\n",
		setting->directory, setting->directory);
	buffer_print(&text, "[push]\nlisten=%s\ncontrol=%s/push-control.sock\n",
		setting->sockets[PUSHD], setting->directory);
	return buffer_status(&text) < 0 ? -ENOMEM : write_text(path, &text);
}

static void set_paths(struct setting *setting)
{
	const char *directory = setting->directory;

	snprintf(setting->disk, sizeof(setting->disk), "%s/disk", directory);
	snprintf(setting->home, sizeof(setting->home), "%s/home", setting->disk);
	snprintf(setting->config_file, sizeof(setting->config_file), "%s/tidings.conf", directory);
	snprintf(setting->fast_config_file, sizeof(setting->fast_config_file), "%s/fast.conf",
		directory);
	for (unsigned i = 0; i < PROGRAMS; i++)
		snprintf(setting->sockets[i], sizeof(setting->sockets[i]), "%s/%s.sock", directory,
			program_names[i]);
}

static int make_token(const struct setting *setting, const char *user, const char *role,
	char **ret_token)
{
	_cleanup_(freeing_memory) char *problem = NULL;
	int64_t now = time(NULL);
	struct token_claims claims = {
		.user = user,
		.role = role,
		.issued = now,
		.expires = now + TOKEN_SECONDS,
	};
	int r = token_sign(setting->config, &claims, ret_token, &problem);

	if (r < 0)
		tap_note("no token: %s", problem ? problem : strerror(-r));
	return r;
}

static int make_tokens(struct setting *setting)
{
	int r = make_token(setting, "application", "service", &setting->publisher);
	char name[16];

	for (unsigned i = 0; r == 0 && i < USERS; i++)
		r = make_token(setting, setting_user(i, name), NULL, &setting->users[i]);
	return r;
}

static int load_config(struct setting *setting)
{
	_cleanup_(buffer_release) struct buffer problems = { 0 };
	int r = config_load(setting->config_file, &setting->config, &problems);

	if (r != 0)
		tap_note("the configuration: %s", buffer_string(&problems));
	return r > 0 ? -EINVAL : r;
}

static int listen_at(const char *path, int *ret_listen_fd)
{
	struct endpoint endpoint;
	int r = endpoint_parse(path, &endpoint);

	return r < 0 ? r : endpoint_listen(&endpoint, ret_listen_fd);
}

int setting_listen(struct setting *setting)
{
	int r = 0;

	for (unsigned i = 0; r == 0 && i < PROGRAMS; i++) {
		if (setting->listen_fds[i] >= 0)
			close(take_fd(&setting->listen_fds[i]));
		r = listen_at(setting->sockets[i], &setting->listen_fds[i]);
	}
	return r;
}

/* Its path has no symbolic link in it, and leaves room for sockets below it. */
static int make_directory(char directory[static SETTING_PATH])
{
	const char *where = getenv("TMPDIR");
	char path[PATH_MAX];

	if (!where || !realpath(where, path) || strlen(path) + sizeof(NAME) > SETTING_PATH)
		strcpy(path, "/tmp");
	snprintf(directory, SETTING_PATH, "%.*s%s", (int)(SETTING_PATH - sizeof(NAME)), path, NAME);
	if (mkdtemp(directory))
		return 0;
	*directory = '\0';
	return -errno;
}

int setting_make(struct setting *setting, const char *disk_reserve)
{
	int r;

	*setting = (struct setting){ .listen_fds = { -1, -1, -1 } };
	r = make_directory(setting->directory);
	if (r < 0)
		return r;
	set_paths(setting);
	if (mkdir(setting->disk, 0700) < 0)
		return -errno;
	if ((r = write_key(setting)) < 0 ||
		(r = write_config(setting, disk_reserve, setting->config_file, "sync")) < 0 ||
		(r = write_config(setting, disk_reserve, setting->fast_config_file, "write")) < 0 ||
		(r = load_config(setting)) < 0 || (r = make_tokens(setting)) < 0)
		return r;
	return setting_listen(setting);
}

void setting_remove(struct setting *setting)
{
	const char *keep = getenv("KEEP_TEST_FILES");

	for (unsigned i = 0; i < PROGRAMS; i++)
		if (setting->listen_fds[i] >= 0)
			close(setting->listen_fds[i]);
	for (unsigned i = 0; i < USERS; i++)
		free(setting->users[i]);
	free(setting->publisher);
	config_free(setting->config);
	if (*setting->directory && (!keep || !*keep))
		files_remove(setting->directory);
}
